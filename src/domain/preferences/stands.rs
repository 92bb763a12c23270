//! Whether an act still stands: what it touched is as it left it, and nobody said anything since that counts more.
//!
//! What came later is no matter where it was undone itself, or is about something else. So three acts can be taken back
//! one after the other, the last one first. A word from elsewhere (one click, an import, a complaint) is never gone over.

use crate::db::DbConnection;
use crate::domain::catalog::Channel;
use crate::domain::consent::ledger;
use crate::domain::consent::permission::Kind as PermissionKind;
use crate::domain::preferences::act::{self, Act};
use crate::error::Result;

/// One thing that an act can be about.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Matter {
    /// A topic, by its slug, in one way.
    Topic(String, Channel),
    /// Every topic in one way; in every way where none is named.
    Topics(Option<Channel>),
    Permission(PermissionKind),
    Pause,
    AtMost,
    Language,
}

impl Matter {
    fn meets(&self, other: &Self) -> bool {
        let any = |way: &Option<Channel>, channel: Channel| way.is_none_or(|way| way == channel);
        match (self, other) {
            (Self::Topics(way), Self::Topic(_, channel)) | (Self::Topic(_, channel), Self::Topics(way)) => {
                any(way, *channel)
            }
            (Self::Topics(one), Self::Topics(two)) => one.is_none_or(|channel| any(two, channel)),
            _ => self == other,
        }
    }
}

/// All that an act is about.
fn matters(conn: &mut DbConnection, act: &Act) -> Result<Vec<Matter>> {
    let entries = ledger::of_range(conn, act.subscriber, act.brand, act.ledger)?;
    let said = entries.into_iter().map(|entry| match (entry.topic, entry.channel, entry.permission) {
        (Some(topic), Some(channel), _) => Matter::Topic(topic, channel),
        (_, _, Some(kind)) => Matter::Permission(kind),
        (_, channel, None) => Matter::Topics(channel),
    });
    let (before, after) = (&act.before, &act.after);
    let chosen = [
        (before.paused_until != after.paused_until, Matter::Pause),
        (before.at_most != after.at_most, Matter::AtMost),
        (before.locale != after.locale, Matter::Language),
    ];
    let chosen = chosen.into_iter().filter(|(differs, _)| *differs).map(|(_, matter)| matter);
    Ok(said.chain(chosen).collect())
}

impl Act {
    /// Whether what it touched is as it left it.
    ///
    /// # Errors
    /// Of the database.
    pub fn stands(&self, conn: &mut DbConnection) -> Result<bool> {
        let later = act::later(conn, self)?;
        // The acts follow each other without a gap unless something was said elsewhere.
        let mut until = self.until();
        for act in &later {
            if (act.ledger.0, act.choices.0) != until {
                return Ok(false);
            }
            until = act.until();
        }
        if until != act::marks(conn, self.link())? {
            return Ok(false);
        }
        let own = matters(conn, self)?;
        for act in later.iter().filter(|act| counts(act, &later)) {
            let met = matters(conn, act)?;
            if met.iter().any(|matter| own.iter().any(|of| of.meets(matter))) {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

/// Whether it has to be reckoned with: it was not undone, and is not what undid one of the others.
fn counts(act: &Act, later: &[Act]) -> bool {
    let undid_one = act.undoes.is_some_and(|undone| later.iter().any(|other| other.id == undone));
    holds(act, later) && !undid_one
}

/// Whether it was not undone, or its undoing was.
fn holds(act: &Act, later: &[Act]) -> bool {
    !later.iter().any(|other| other.undoes == Some(act.id) && holds(other, later))
}
