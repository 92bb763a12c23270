//! Planning: every person becomes one delivery row, planned or skipped with the reason. The cursor is written in the
//! same transaction, so a planning that was cut off goes on where it was.

use diesel::prelude::*;

use crate::clock::Moment;
use crate::db::DbConnection;
use crate::db::schema::{campaign, delivery};
use crate::domain::campaign::audience::BATCH;
use crate::domain::campaign::{self as campaigns, Campaign, State as CampaignState, state};
use crate::domain::consent::facts::{People, gather};
use crate::domain::consent::gate::decide;
use crate::domain::delivery::State;
use crate::error::Result;

/// Rows per INSERT: 10 columns each, and SQLite takes 32,766 values in one statement.
const ROWS: usize = 1000;

/// The scheduled campaigns whose time has come, and those in the middle of planning.
///
/// # Errors
/// Of the database.
pub fn due(conn: &mut DbConnection, now: Moment) -> Result<Vec<Campaign>> {
    let waiting = campaigns::in_states(conn, &[CampaignState::Scheduled, CampaignState::Planning])?;
    Ok(waiting
        .into_iter()
        .filter(|c| c.state == CampaignState::Planning || c.scheduled_at.is_none_or(|at| at <= now))
        .collect())
}

/// Plans the next batch of people. Returns whether more are left.
///
/// # Errors
/// Of the database.
pub fn batch(conn: &mut DbConnection, id: i64, now: Moment) -> Result<bool> {
    let held = state::hold(conn, id)?;
    if !matches!(held.state, CampaignState::Scheduled | CampaignState::Planning) {
        return Ok(false);
    }
    let (_, facts) = campaigns::facts(conn, &held)?;
    let people = gather(conn, &facts, People::Next { after: held.plan_cursor, limit: BATCH })?;
    let rows: Vec<_> = people
        .iter()
        .map(|person| {
            let (state, reason) = match decide(person, &facts, now) {
                Ok(_) => (State::Planned, None),
                Err(refusal) => (State::Skipped, Some(refusal.as_str())),
            };
            (
                delivery::campaign_id.eq(id),
                delivery::subscriber_id.eq(person.subscriber),
                delivery::state.eq(state),
                delivery::reason.eq(reason),
                delivery::attempts.eq(0),
                delivery::due_at.eq(now),
                delivery::tracks_opens.eq(false),
                delivery::tracks_clicks.eq(false),
                delivery::finished_at.eq((state == State::Skipped).then_some(now)),
            )
        })
        .collect();
    for rows in rows.chunks(ROWS) {
        on_backend!(conn, |c| diesel::insert_into(delivery::table)
            .values(rows.to_vec())
            .on_conflict_do_nothing()
            .execute(c))?;
    }
    let more = people.len() as i64 == BATCH;
    let cursor = people.last().map_or(held.plan_cursor, |person| person.subscriber);
    diesel::update(campaign::table.find(id))
        .set((
            campaign::plan_cursor.eq(cursor),
            campaign::state.eq(if more { CampaignState::Planning } else { CampaignState::Sending }),
            campaign::planned_at.eq((!more).then_some(now)),
            campaign::changed_at.eq(now),
        ))
        .execute(conn)?;
    Ok(more)
}
