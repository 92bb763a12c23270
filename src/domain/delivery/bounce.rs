//! Letters that did not arrive: the class is kept with the delivery, and a bad address is suppressed (B-03, B-04).
//!
//! The same function for what the relay said at once and for what came back by mail days later. An address that the person
//! has taken since is not the one that a letter from before came back from.

use diesel::prelude::*;

use crate::clock::Moment;
use crate::db::DbConnection;
use crate::db::schema::delivery;
use crate::domain::audience::former_address;
use crate::domain::catalog::Channel;
use crate::domain::consent::suppression::{self, Reason};
use crate::domain::delivery::State;
use crate::domain::delivery::breaker::{self, Added};
use crate::error::Result;
use crate::mail::transport::{Blame, Enhanced};

word_enum! {
    /// Why a letter did not arrive. A later report counts only if it is graver: they stand in that order.
    #[schema(as = BounceClass)]
    pub enum Class {
        /// The mailbox is full, or its server did not take the letter for days.
        Soft = "soft",
        /// Another reason.
        Other = "other",
        /// The sender is not wanted there; no fault of the person or the address.
        Policy = "policy",
        /// The address does not exist.
        BadAddress = "bad_address",
    }
}

impl From<Blame> for Class {
    fn from(blame: Blame) -> Self {
        match blame {
            Blame::Mailbox => Self::Soft,
            Blame::Letter => Self::Other,
            Blame::Sender | Blame::Policy => Self::Policy,
            Blame::Address => Self::BadAddress,
        }
    }
}

/// How a letter did not arrive.
#[derive(Debug, Clone, Copy)]
pub struct Returned {
    /// Whose fault it is.
    pub blame: Blame,
    /// The status code, if there was one.
    pub status: Option<Enhanced>,
    /// Whether the relay refused it at once; otherwise it had taken it.
    pub at_once: bool,
    /// Whether the letter left before a person last let the campaign go on: then they knew what is wrong with the
    /// sender.
    pub is_old: bool,
}

/// Whether an address is known to be bad only because a mail said so: `since` is when it was suppressed. A mail is
/// weaker than what a server says to our face, because somebody between may have written it.
///
/// # Errors
/// Of the database.
pub fn came_by_mail(conn: &mut DbConnection, person: i64, since: Moment) -> Result<bool> {
    let of_person = delivery::table
        .filter(delivery::subscriber_id.eq(person).and(delivery::bounce.eq(Class::BadAddress)));
    let returned: Vec<(State, Option<Moment>)> =
        of_person.select((delivery::state, delivery::bounced_at)).load(conn)?;
    let refused_at_once = returned.iter().any(|(state, _)| *state == State::Failed);
    Ok(!refused_at_once && returned.iter().any(|(_, at)| *at == Some(since)))
}

/// Records that a letter did not arrive. Returns whether that was news: the same report twice is one event.
///
/// # Errors
/// Of the database.
pub fn record(
    conn: &mut DbConnection,
    campaign: i64,
    person: i64,
    returned: Returned,
    now: Moment,
) -> Result<bool> {
    let class = Class::from(returned.blame);
    let milder = Class::ALL.iter().copied().filter(|milder| *milder < class);
    let is_news = delivery::bounce.is_null().or(delivery::bounce.eq_any(milder.map(Some)).assume_not_null());
    let changed = diesel::update(delivery::table.find((campaign, person)).filter(is_news))
        .set((
            delivery::bounce.eq(class),
            delivery::bounce_status.eq(returned.status.map(|status| status.to_string())),
            delivery::bounced_at.eq(now),
        ))
        .execute(conn)?;
    if changed == 0 {
        return Ok(false);
    }
    let mut added = Added { refused: i64::from(returned.at_once), ..Added::default() };
    if class == Class::BadAddress {
        added.bad_addresses = 1;
        let sent_at = delivery::table.find((campaign, person)).select(delivery::finished_at).first(conn)?;
        if let Some(hash) = former_address::reached(conn, person, sent_at)?.hash() {
            suppression::add(conn, hash, Channel::Email, None, Reason::HardBounce, now)?;
        }
        breaker::count(conn, campaign, added, now)?;
    }
    if class == Class::Policy && !returned.is_old {
        added.policies = 1;
        added.standings = i64::from(returned.blame == Blame::Sender);
        breaker::count(conn, campaign, added, now)?;
    }
    Ok(true)
}
