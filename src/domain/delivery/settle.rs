//! Settling: what became of each hand-over, and what follows from it for the person and the campaign (B-04).

use std::collections::BTreeMap;
use std::time::Duration;

use diesel::prelude::*;

use crate::clock::Moment;
use crate::db::schema::{delivery, subscriber};
use crate::db::{DbConnection, among, fixed};
use crate::domain::campaign::{State as CampaignState, state};
use crate::domain::consent::opt_in;
use crate::domain::delivery::State;
use crate::domain::delivery::bounce::{self, Returned};
use crate::domain::delivery::breaker::{self, Added};
use crate::error::Result;
use crate::mail::transport::{Blame, Outcome, Reply, Stage};

/// After so many tries a letter that is put off again and again has failed: a little more than four days (M-15).
pub const ATTEMPTS_MAX: i32 = 15;

/// How long a letter waits that could not even be tried because the relay was not there.
const RELAY_AWAY: Duration = Duration::from_secs(10);

/// One hand-over and what became of it.
#[derive(Debug, Clone)]
pub struct Settlement {
    /// The campaign.
    pub campaign: i64,
    /// The person.
    pub subscriber: i64,
    /// How many hand-overs were tried, this one included.
    pub attempts: i32,
    /// The row number of the source that the letter is the first to tell a supplier's contact of.
    pub informs: Option<i64>,
    /// What became of it.
    pub result: HandedOver,
}

impl Settlement {
    fn blames_the_sender(&self) -> bool {
        matches!(self.result, HandedOver::Answered(Outcome::Refused { stage, reply }) if reply.blame(stage) == Blame::Sender)
    }
}

/// What became of a hand-over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HandedOver {
    /// The relay answered, or did not.
    Answered(Outcome),
    /// The letter could not be written for this person; the field that is at fault.
    Unwritable(String),
}

/// Writes the outcomes of hand-overs.
///
/// An outcome may come after another server gave up waiting for it and called the letter uncertain: then the truth
/// takes the place of the uncertainty, but nothing goes back to be sent again. `node` is the process that claimed them.
///
/// # Errors
/// Of the database.
pub fn settle(conn: &mut DbConnection, settlements: &[Settlement], node: i64, now: Moment) -> Result<()> {
    // Campaign by campaign in one order everywhere, so that two servers never wait for each other's counters.
    let mut by_campaign: BTreeMap<i64, Vec<&Settlement>> = BTreeMap::new();
    for settlement in settlements {
        by_campaign.entry(settlement.campaign).or_default().push(settlement);
    }
    for (campaign, settlements) in by_campaign {
        if settlements.iter().any(|settlement| settlement.blames_the_sender()) {
            // It will be paused. Held only against changes first, two servers would wait for each other to let go.
            state::hold(conn, campaign)?;
        }
        let mut sent: Vec<&Settlement> = Vec::new();
        for settlement in settlements {
            match &settlement.result {
                HandedOver::Answered(Outcome::Accepted(_)) => sent.push(settlement),
                HandedOver::Answered(Outcome::Deferred { stage, reply }) => {
                    defer(conn, settlement, (*stage, *reply), node, now)?;
                }
                HandedOver::Answered(Outcome::Refused { stage, reply }) => {
                    refuse(conn, settlement, (*stage, *reply), node, now)?;
                }
                HandedOver::Answered(Outcome::Uncertain) => {
                    end(conn, settlement, State::Uncertain, "connection_lost", node, now)?;
                }
                HandedOver::Unwritable(field) => {
                    end(conn, settlement, State::Failed, &format!("unwritable: {field}"), node, now)?;
                }
            }
        }
        settle_sent(conn, &sent, node, now)?;
    }
    Ok(())
}

/// Notes the letters of one campaign that the relay took.
fn settle_sent(conn: &mut DbConnection, sent: &[&Settlement], node: i64, now: Moment) -> Result<()> {
    let Some(campaign) = sent.first().map(|settlement| settlement.campaign) else { return Ok(()) };
    let people: Vec<i64> = sent.iter().map(|settlement| settlement.subscriber).collect();
    // An outcome that is written again, because nobody knew that it had been, changes and counts nothing.
    let letters = diesel::update(delivery::table)
        .filter(delivery::campaign_id.eq(campaign).and(among(delivery::subscriber_id, &people)))
        .filter(delivery::claimed_by.eq(node).and(fixed(AWAITED)))
        .set((
            delivery::state.eq(State::Sent),
            delivery::reason.eq(None::<String>),
            delivery::finished_at.eq(now),
        ))
        .returning(delivery::subscriber_id);
    let letters: Vec<i64> = on_backend!(conn, |c| prepared!(letters).load(c))?;
    let letters = letters.len() as i64;
    if letters > 0 {
        breaker::count(conn, campaign, Added { sent: letters, ..Added::default() }, now)?;
    }
    let mut informed: BTreeMap<i64, Vec<i64>> = BTreeMap::new();
    for (source, person) in sent.iter().filter_map(|s| Some((s.informs?, s.subscriber))) {
        informed.entry(source).or_default().push(person);
    }
    for (source, people) in informed {
        // First the people: whoever changes their answers holds them.
        diesel::update(subscriber::table)
            .filter(among(subscriber::id, &people))
            .set(subscriber::informed_at.eq(now))
            .execute(conn)?;
        opt_in::set_informed(conn, &people, source, now)?;
    }
    Ok(())
}

/// A letter whose outcome is not known yet, or was given up when its lease was over: only such a one takes an outcome,
/// and only from the process that claimed it.
const AWAITED: &str =
    "(delivery.state = 'claimed' OR (delivery.state = 'uncertain' AND delivery.reason = 'server_died'))";

/// 4xx: later again, with growing pauses of half an hour to eight hours. A relay that is away, or hangs up before it
/// knows who the letter is for, is nobody's attempt.
fn defer(
    conn: &mut DbConnection,
    settlement: &Settlement,
    (stage, reply): (Stage, Option<Reply>),
    node: i64,
    now: Moment,
) -> Result<()> {
    let hung_up = stage == Stage::Sender && reply.is_some_and(Reply::hangs_up);
    if stage == Stage::Connect || hung_up {
        return put_back(conn, settlement, settlement.attempts - 1, RELAY_AWAY, node, now);
    }
    if settlement.attempts >= ATTEMPTS_MAX {
        let code = reply.map_or_else(|| "no_answer".to_owned(), |reply| reply.to_string());
        return end(conn, settlement, State::Failed, &code, node, now);
    }
    put_back(conn, settlement, settlement.attempts, pause_after(settlement.attempts), node, now)
}

/// How long to wait after this many tries.
fn pause_after(attempts: i32) -> Duration {
    let doublings = attempts.saturating_sub(1).clamp(0, 4) as u32;
    Duration::from_secs(30 * 60 * 2u64.pow(doublings))
}

fn put_back(
    conn: &mut DbConnection,
    settlement: &Settlement,
    attempts: i32,
    pause: Duration,
    node: i64,
    now: Moment,
) -> Result<()> {
    if state::hold_as_it_is(conn, settlement.campaign)? == CampaignState::Cancelled {
        return end(conn, settlement, State::Skipped, state::CANCELLED, node, now);
    }
    diesel::update(delivery::table.find((settlement.campaign, settlement.subscriber)))
        .filter(delivery::state.eq(State::Claimed).and(delivery::claimed_by.eq(node)))
        .set((
            delivery::state.eq(State::Planned),
            delivery::attempts.eq(attempts),
            delivery::due_at.eq(now.plus(pause)),
            delivery::claimed_by.eq(None::<i64>),
            delivery::lease_until.eq(None::<Moment>),
        ))
        .execute(conn)?;
    Ok(())
}

/// 5xx. A bad address is suppressed; a refusal of the sender pauses the campaign and touches nobody (B-04).
fn refuse(
    conn: &mut DbConnection,
    settlement: &Settlement,
    (stage, reply): (Stage, Reply),
    node: i64,
    now: Moment,
) -> Result<()> {
    let blame = reply.blame(stage);
    if blame == Blame::Sender {
        put_back(conn, settlement, settlement.attempts - 1, Duration::ZERO, node, now)?;
        breaker::stop(conn, settlement.campaign, &format!("The relay refused the sender: {reply}"), now)?;
        return Ok(());
    }
    let returned = Returned { blame, status: reply.enhanced, at_once: true, is_old: false };
    bounce::record(conn, settlement.campaign, settlement.subscriber, returned, now)?;
    end(conn, settlement, State::Failed, &reply.to_string(), node, now)
}

fn end(
    conn: &mut DbConnection,
    settlement: &Settlement,
    state: State,
    reason: &str,
    node: i64,
    now: Moment,
) -> Result<()> {
    diesel::update(delivery::table.find((settlement.campaign, settlement.subscriber)))
        .filter(delivery::claimed_by.eq(node).and(fixed(AWAITED)))
        .set((delivery::state.eq(state), delivery::reason.eq(reason), delivery::finished_at.eq(now)))
        .execute(conn)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_from_half_an_hour_to_eight_hours_and_end_after_four_days() {
        assert_eq!(pause_after(1), Duration::from_secs(30 * 60));
        assert_eq!(pause_after(5), Duration::from_secs(8 * 60 * 60));
        assert_eq!(pause_after(14), Duration::from_secs(8 * 60 * 60));
        let all: Duration = (1..ATTEMPTS_MAX).map(pause_after).sum();
        let day = 24 * 60 * 60;
        assert!((3 * day..=5 * day).contains(&all.as_secs()), "{all:?}");
    }
}
