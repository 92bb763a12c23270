//! What people look like to the gate, for questions about a million of them: those who look the same are decided once.
//!
//! The database says only which of the things that the gate looks at are true of a person, as marks in one number; it
//! decides nothing. [`judge`] makes the facts of somebody who looks like that and asks the gate, once for each
//! different look. Two people of one look must never be decided differently: `tests/audience.rs` holds this against the
//! gate's word on every single person, for populations made at random. A claim still asks about the person.

mod query;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use diesel::connection::SimpleConnection;
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool};

use crate::clock::Moment;
use crate::db::{DbConnection, Kind};
use crate::domain::catalog::Channel;
use crate::domain::consent::brand_choice::{AtMost, BrandChoice};
use crate::domain::consent::facts::load_suppliers;
use crate::domain::consent::gate::{
    ART14_WITHIN, CampaignFacts, Facts, OptInFact, Refusal, Supplied, SupplierFacts, decide,
};
use crate::domain::consent::opt_in::State;
use crate::domain::consent::suppression::Reason;
use crate::email_address::EmailAddress;
use crate::error::Result;

use query::{Asked, ThereAre};

/// Of the person.
const ADDRESS: i64 = 1;
const RESTRICTED: i64 = 1 << 1;
const OPENS: i64 = 1 << 2;
const CLICKS: i64 = 1 << 3;
/// Of any answer to the brand.
const KNOWN: i64 = 1 << 4;
const GRANTED_ELSEWHERE: i64 = 1 << 5;
/// Of the answer to the communication topic on the campaign's channel.
const GRANTED: i64 = 1 << 6;
const PENDING: i64 = 1 << 7;
const WITHDRAWN: i64 = 1 << 8;
const EXPIRED: i64 = 1 << 9;
const STALE: i64 = 1 << 10;
const LATE: i64 = 1 << 11;
const INFORMED: i64 = 1 << 12;
/// Of the granted answers to the campaign's subjects: this, one place further if stale and two if expired.
const SUBJECT: i64 = 1 << 13;
/// Of the address: this, as many places further as the reason has in [`Reason::ALL`].
const SUPPRESSED: i64 = 1 << 17;
/// Of what they chose about the brand.
const PAUSED: i64 = 1 << 22;
const CAPPED: i64 = 1 << 23;
/// The row number of the source of the answer to the communication topic.
const SOURCE: i64 = 1 << 24;

/// Everything about a person that the gate can tell apart, and what they allow to be recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Looks(i64);

impl Looks {
    /// Whether opens may be recorded; known only if it was asked for.
    pub fn allows_opens(self) -> bool {
        self.has(OPENS)
    }

    /// Whether clicks may be recorded; known only if it was asked for.
    pub fn allows_clicks(self) -> bool {
        self.has(CLICKS)
    }

    fn has(self, mark: i64) -> bool {
        self.0 & mark != 0
    }

    fn source(self) -> i64 {
        self.0 / SOURCE
    }
}

/// The people who are not erased and have a row number above `after` and up to `to`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stretch {
    /// The last row number before it.
    pub after: i64,
    /// Its own last row number.
    pub to: i64,
}

/// How many people of a stretch have each look, with what they allow to be recorded. A look may come more than once.
///
/// # Errors
/// Of the database.
pub fn count(
    conn: &mut DbConnection,
    campaign: &CampaignFacts,
    stretch: Stretch,
    now: Moment,
) -> Result<Vec<(Looks, i64)>> {
    let at_once = conn.kind() == Kind::Postgres;
    let asked = Asked::of(campaign, stretch, now, true, at_once);
    let grouped = |people: &str| format!("SELECT looks, COUNT(*) FROM ({people}) AS person GROUP BY looks");
    let counts = ask(conn, asked, grouped, |counts| counts.iter().map(|(_, people)| people).sum())?;
    Ok(counts.into_iter().map(|(looks, people)| (Looks(looks), people)).collect())
}

/// The look of each person of a stretch, without what they allow to be recorded, in the order of their row numbers.
///
/// # Errors
/// Of the database.
pub fn each(
    conn: &mut DbConnection,
    campaign: &CampaignFacts,
    stretch: Stretch,
    now: Moment,
) -> Result<Vec<(i64, Looks)>> {
    let asked = Asked::of(campaign, stretch, now, false, false);
    let found = ask(conn, asked, str::to_owned, |found| found.len() as i64)?;
    let mut found: Vec<_> = found.into_iter().map(|(person, looks)| (person, Looks(looks))).collect();
    found.sort_unstable_by_key(|(person, _)| *person);
    Ok(found)
}

/// Asks about the people of a stretch, and nothing that cannot be true of any of them. `query` makes the query of one
/// of rows of people, `people` says how many people an answer is about.
fn ask(
    conn: &mut DbConnection,
    mut asked: Asked<'_>,
    query: impl Fn(&str) -> String,
    people: impl Fn(&[(i64, i64)]) -> i64,
) -> Result<Vec<(i64, i64)>> {
    let there_is = sql::<(Bool, Bool)>(&asked.what_there_is());
    let (choices, suppressions) = on_backend!(conn, |c| there_is.get_result(c))?;
    asked.there_are = ThereAre { choices, suppressions };
    let of = asked.people(conn.kind());
    let mut found = load(conn, &query(&of.first))?;
    let Some(rest) = of.rest else { return Ok(found) };
    let everybody = sql::<BigInt>(&asked.everybody());
    let everybody: i64 = on_backend!(conn, |c| everybody.get_result(c))?;
    if people(&found) < everybody {
        found.extend(load(conn, &query(&rest))?);
    }
    Ok(found)
}

fn load(conn: &mut DbConnection, text: &str) -> Result<Vec<(i64, i64)>> {
    let query = sql::<(BigInt, BigInt)>(text);
    Ok(match conn {
        DbConnection::Sqlite(c) => query.load(c)?,
        // A moment after a large import PostgreSQL takes the tables for small, and would join them by comparing
        // everybody with everybody.
        DbConnection::Postgres(c) => c.transaction(|c| {
            c.batch_execute("SET LOCAL enable_nestloop = off; SET LOCAL jit = off")?;
            query.load(c)
        })?,
    })
}

/// What the gate says of everybody with each of these looks.
///
/// # Errors
/// Of the database.
pub fn judge(
    conn: &mut DbConnection,
    campaign: &CampaignFacts,
    looks: impl Iterator<Item = Looks>,
    now: Moment,
) -> Result<HashMap<Looks, Result<(), Refusal>>> {
    let mut verdicts: HashMap<Looks, Result<(), Refusal>> = looks.map(|looks| (looks, Ok(()))).collect();
    let suppliers = load_suppliers(conn, verdicts.keys().map(|looks| looks.source()))?;
    for (looks, verdict) in &mut verdicts {
        // The permit is for nobody, and ends here.
        *verdict = decide(&somebody(*looks, campaign, &suppliers, now), campaign, now).map(drop);
    }
    Ok(verdicts)
}

/// The facts of somebody who looks like that. A moment of which only one thing is known is any moment of which it is
/// true.
fn somebody(
    looks: Looks,
    campaign: &CampaignFacts,
    suppliers: &HashMap<i64, Arc<SupplierFacts>>,
    now: Moment,
) -> Facts {
    let moment = Duration::from_micros(1);
    let since = |stale: bool| match campaign.refresh_consents_before {
        Some(before) if stale => before.minus(moment),
        _ => now,
    };
    let answer = |topic, channel, state, stale, expired: bool| OptInFact {
        topic,
        channel,
        state,
        since: since(stale),
        until: expired.then_some(now),
        supplied: None,
    };
    let mut opt_ins = Vec::new();
    let states = [(GRANTED, State::Granted), (PENDING, State::Pending), (WITHDRAWN, State::Withdrawn)];
    if let Some((_, state)) = states.into_iter().find(|(mark, _)| looks.has(*mark)) {
        let late = if looks.has(LATE) { moment } else { Duration::ZERO };
        let supplied = suppliers.get(&looks.source()).map(|supplier| Supplied {
            source: looks.source(),
            supplier: Arc::clone(supplier),
            obtained_at: now.minus(ART14_WITHIN).minus(late),
            informed_at: looks.has(INFORMED).then_some(now),
        });
        let (stale, expired) = (looks.has(STALE), looks.has(EXPIRED));
        let plain = answer(campaign.communication, campaign.channel, state, stale, expired);
        opt_ins.push(OptInFact { supplied, ..plain });
    }
    let elsewhere = Channel::ALL.iter().find(|channel| **channel != campaign.channel);
    if let Some(channel) = elsewhere.filter(|_| looks.has(GRANTED_ELSEWHERE)) {
        opt_ins.push(answer(campaign.communication, *channel, State::Granted, false, false));
    }
    let granted = (0..4).filter(|place| looks.has(SUBJECT << place));
    for (topic, place) in campaign.subjects.iter().zip(granted) {
        opt_ins.push(answer(*topic, campaign.channel, State::Granted, place & 1 != 0, place & 2 != 0));
    }
    if looks.has(KNOWN) && opt_ins.is_empty() {
        // An answer to something that the campaign is not about: no topic has this number.
        opt_ins.push(answer(0, campaign.channel, State::Granted, false, false));
    }
    let reasons = Reason::ALL.iter().enumerate();
    Facts {
        subscriber: 0,
        address: if looks.has(ADDRESS) { EmailAddress::parse("somebody@example.invalid").ok() } else { None },
        erased: false,
        restricted: looks.has(RESTRICTED),
        suppressed: reasons.filter(|(place, _)| looks.has(SUPPRESSED << place)).map(|(_, r)| *r).collect(),
        opt_ins,
        choice: BrandChoice {
            paused_until: looks.has(PAUSED).then(|| now.plus(moment)),
            at_most: if looks.has(CAPPED) { AtMost::Weekly } else { AtMost::Each },
        },
        last_letter: looks.has(CAPPED).then_some(now),
    }
}
