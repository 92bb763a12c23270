//! Pace: how fast letters may go, as it is stored. For the whole server, a relay, a recipient domain, or a campaign.
//!
//! A server reads it anew every half second, so a change takes effect while letters are on their way. Each server
//! process keeps it by itself: two that share a database send up to twice as fast.

use std::time::Duration;

use diesel::prelude::*;
use serde::{Deserialize, Serialize};

use crate::clock::{DAY, HOUR, Moment};
use crate::db::DbConnection;
use crate::db::schema::{campaign as campaign_table, pace};
use crate::email_address::EmailAddress;
use crate::error::{Error, Problem, Result};
use crate::id::{PublicId, Slug};

word_enum! {
    /// What a pace is about.
    #[schema(as = PaceScope)]
    pub enum Scope {
        /// All letters of this server.
        Server = "server",
        /// What one relay gets.
        Relay = "relay",
        /// What goes to one domain; `*` stands for each domain that has no pace of its own.
        Domain = "domain",
        /// The letters of one campaign.
        Campaign = "campaign",
    }
}

word_enum! {
    /// The unit of a pace.
    #[schema(as = PacePeriod)]
    pub enum Period {
        /// Messages in a second.
        Second = "second",
        /// Messages in a minute.
        Minute = "minute",
        /// Messages in an hour.
        Hour = "hour",
        /// Messages in a day of 24 hours.
        Day = "day",
    }
}

impl Period {
    /// How long it is.
    pub fn duration(self) -> Duration {
        match self {
            Self::Second => Duration::from_secs(1),
            Self::Minute => Duration::from_secs(60),
            Self::Hour => HOUR,
            Self::Day => DAY,
        }
    }
}

/// The stand-in for every domain that has no pace of its own.
pub const EVERY_OTHER_DOMAIN: &str = "*";

/// The most messages in a period.
pub const MESSAGES_MAX: i64 = 1_000_000_000;

/// At most so many messages in a period, spread evenly over it.
#[derive(
    Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable, Serialize, Deserialize, utoipa::ToSchema,
)]
#[diesel(table_name = pace)]
#[serde(deny_unknown_fields)]
pub struct Pace {
    /// What it is about.
    pub scope: Scope,
    /// The relay's name, the domain, or the campaign's id; empty for the server.
    #[serde(default)]
    pub name: String,
    /// How many, from 1 to 1,000,000,000.
    pub messages: i64,
    /// In which time.
    pub period: Period,
}

impl Pace {
    /// The same with its name in normal form.
    fn checked(mut self) -> Result<Self, Problem> {
        self.name = self.name.trim().to_lowercase();
        let wrong = |detail: &str| Err(Problem::new("name", detail));
        match self.scope {
            Scope::Server if !self.name.is_empty() => return wrong("The pace of the server has no name"),
            Scope::Relay if Slug::parse(&self.name).is_err() => {
                return wrong("Enter the name of a relay, as it is in the settings");
            }
            Scope::Domain if self.name != EVERY_OTHER_DOMAIN => {
                match EmailAddress::parse(&format!("postmaster@{}", self.name)) {
                    Ok(address) => self.name = address.domain().to_owned(),
                    Err(_) => return wrong("Enter a domain such as example.com, or * for every other one"),
                }
            }
            _ => {}
        }
        if !(1..=MESSAGES_MAX).contains(&self.messages) {
            return Err(Problem::new("messages", "Choose from 1 to 1,000,000,000 messages"));
        }
        Ok(self)
    }
}

/// Every pace that is set.
///
/// # Errors
/// Of the database.
pub fn list(conn: &mut DbConnection) -> Result<Vec<Pace>> {
    Ok(pace::table.order((pace::scope, pace::name)).select(Pace::as_select()).load(conn)?)
}

/// Replaces the paces of the server, the relays and the domains; those of campaigns stay.
///
/// # Errors
/// [`Error::Invalid`] naming each entry that cannot be used; nothing is changed then.
pub fn replace(conn: &mut DbConnection, paces: Vec<Pace>, now: Moment) -> Result<Vec<Pace>> {
    let mut problems = Vec::new();
    let mut kept: Vec<Pace> = Vec::with_capacity(paces.len());
    for (at, wanted) in paces.into_iter().enumerate() {
        let mut problem = |field: &str, detail: &str| {
            problems.push(Problem::new(format!("paces.{at}.{field}"), detail));
        };
        if wanted.scope == Scope::Campaign {
            problem("scope", "A campaign's pace is set at the campaign");
            continue;
        }
        match wanted.checked() {
            Ok(pace) if kept.iter().any(|k| (k.scope, &k.name) == (pace.scope, &pace.name)) => {
                problem("name", "There are two paces for the same");
            }
            Ok(pace) => kept.push(pace),
            Err(found) => problem(&found.field, &found.detail),
        }
    }
    if !problems.is_empty() {
        return Err(Error::Invalid(problems));
    }
    diesel::delete(pace::table.filter(pace::scope.ne(Scope::Campaign))).execute(conn)?;
    for pace in &kept {
        insert(conn, pace, now)?;
    }
    list(conn)
}

/// Sets the pace of a campaign, or takes it away.
///
/// # Errors
/// [`Error::Invalid`] for a number that cannot be used.
pub fn set_of_campaign(
    conn: &mut DbConnection,
    campaign: &str,
    wanted: Option<(i64, Period)>,
    now: Moment,
) -> Result<()> {
    diesel::delete(pace::table.find((Scope::Campaign, campaign))).execute(conn)?;
    let Some((messages, period)) = wanted else { return Ok(()) };
    let pace = Pace { scope: Scope::Campaign, name: campaign.to_owned(), messages, period };
    let pace = pace.checked().map_err(|problem| Error::Invalid(vec![problem]))?;
    insert(conn, &pace, now)
}

/// Takes the pace of a campaign away that has ended; without one nothing happens.
///
/// # Errors
/// Of the database.
pub fn forget(conn: &mut DbConnection, campaign: i64) -> Result<()> {
    let of: PublicId = campaign_table::table.find(campaign).select(campaign_table::public_id).first(conn)?;
    diesel::delete(pace::table.find((Scope::Campaign, of.to_string()))).execute(conn)?;
    Ok(())
}

/// The pace of a campaign, if it has one of its own.
///
/// # Errors
/// Of the database.
pub fn of_campaign(conn: &mut DbConnection, campaign: &str) -> Result<Option<Pace>> {
    Ok(pace::table.find((Scope::Campaign, campaign)).select(Pace::as_select()).first(conn).optional()?)
}

fn insert(conn: &mut DbConnection, of: &Pace, now: Moment) -> Result<()> {
    diesel::insert_into(pace::table).values((of, pace::changed_at.eq(now))).execute(conn)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(scope: Scope, name: &str, messages: i64) -> Option<String> {
        let pace = Pace { scope, name: name.into(), messages, period: Period::Second };
        pace.checked().ok().map(|pace| pace.name)
    }

    #[test]
    fn a_pace_names_a_relay_a_domain_or_nothing() {
        assert_eq!(checked(Scope::Server, "", 1).as_deref(), Some(""));
        assert_eq!(checked(Scope::Relay, "main", 1).as_deref(), Some("main"));
        assert_eq!(checked(Scope::Domain, " Gmail.COM ", 1).as_deref(), Some("gmail.com"));
        assert_eq!(checked(Scope::Domain, "*", 1).as_deref(), Some("*"));
        for (scope, name, messages) in [
            (Scope::Server, "x", 1),
            (Scope::Relay, "", 1),
            (Scope::Domain, "no domain", 1),
            (Scope::Domain, "example.com", 0),
            (Scope::Domain, "example.com", MESSAGES_MAX + 1),
        ] {
            assert_eq!(checked(scope, name, messages), None, "{scope:?} {name} {messages}");
        }
    }
}
