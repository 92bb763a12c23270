//! Trying again what failed and, only when it is named, what is uncertain.
//!
//! A campaign can have a million such letters, so they are found by reading and put back a batch at a time: each batch
//! is a transaction of its own that finds its rows by their key, and whatever ends the process in between leaves
//! every letter in exactly one state.

use diesel::prelude::*;

use crate::clock::Moment;
use crate::db::DbConnection;
use crate::db::schema::{campaign, delivery};
use crate::domain::campaign::{State as CampaignState, state};
use crate::domain::delivery::State;
use crate::error::{Error, Result};

/// How many letters one transaction puts back: a few milliseconds.
pub const BATCH: i64 = 1000;

/// What may be tried again.
pub const STATES: [State; 2] = [State::Failed, State::Uncertain];

/// The people behind `after`, in the order of their row numbers, whose letters are in one of these states.
///
/// # Errors
/// Of the database.
pub fn next(conn: &mut DbConnection, id: i64, states: &[State], after: i64) -> Result<Vec<i64>> {
    Ok(delivery::table
        .filter(delivery::campaign_id.eq(id).and(delivery::subscriber_id.gt(after)))
        .filter(delivery::state.eq_any(states.to_vec()))
        .order(delivery::subscriber_id)
        .limit(BATCH)
        .select(delivery::subscriber_id)
        .load(conn)?)
}

/// Sees that the campaign is one whose letters can be tried again.
///
/// # Errors
/// [`Error::Conflict`] if it is not sent, sending or paused.
pub fn permit(state: CampaignState) -> Result<()> {
    match state {
        CampaignState::Sent | CampaignState::Sending | CampaignState::Paused => Ok(()),
        other => Err(Error::conflict(format!(
            "Only letters of a campaign that is sent, sending or paused can be tried again; this one is {other}"
        ))),
    }
}

/// Puts letters back among the planned ones, as if they had never been tried, and lets the campaign go on: through the
/// gate, like all others. Returns how many there were of each of `states`.
///
/// # Errors
/// As [`permit`].
pub fn put_back(
    conn: &mut DbConnection,
    id: i64,
    states: &[State],
    people: &[i64],
    now: Moment,
) -> Result<Vec<(State, usize)>> {
    let held = state::hold(conn, id)?;
    permit(held.state)?;
    let mut counts = Vec::with_capacity(states.len());
    for state in states {
        let rows = delivery::table
            .filter(delivery::campaign_id.eq(id).and(delivery::subscriber_id.eq_any(people.to_vec())))
            .filter(delivery::state.eq(state));
        let count = diesel::update(rows)
            .set((
                delivery::state.eq(State::Planned),
                delivery::reason.eq(None::<String>),
                delivery::attempts.eq(0),
                delivery::due_at.eq(now),
                delivery::claimed_by.eq(None::<i64>),
                delivery::lease_until.eq(None::<Moment>),
                delivery::finished_at.eq(None::<Moment>),
                delivery::bounce.eq(None::<String>),
                delivery::bounce_status.eq(None::<String>),
                delivery::bounced_at.eq(None::<Moment>),
            ))
            .execute(conn)?;
        counts.push((*state, count));
    }
    if held.state == CampaignState::Sent {
        state::set_state(conn, id, CampaignState::Sending, now)?;
        diesel::update(campaign::table.find(id))
            .set(campaign::finished_at.eq(None::<Moment>))
            .execute(conn)?;
    }
    Ok(counts)
}
