//! Planning: every person becomes one delivery row, planned or skipped with the reason, by what they look like to the
//! gate; a claim asks it again about the person. The cursor is written in the same transaction, so a planning that was
//! cut off goes on where it was.

use std::collections::HashMap;

use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Nullable, Text};

use crate::clock::Moment;
use crate::db::DbConnection;
use crate::db::schema::{campaign, subscriber};
use crate::domain::campaign::{self as campaigns, Campaign, State as CampaignState, state};
use crate::domain::consent::gate::Refusal;
use crate::domain::consent::looks::{self, Stretch};
use crate::domain::delivery::State;
use crate::error::{Error, Result};

/// People of one transaction: so few that whoever else writes does not notice it.
const BATCH: i64 = 2000;

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
    let next: Vec<i64> = subscriber::table
        .filter(subscriber::id.gt(held.plan_cursor).and(subscriber::erased_at.is_null()))
        .order(subscriber::id)
        .limit(BATCH)
        .select(subscriber::id)
        .load(conn)?;
    let (more, cursor) = (next.len() as i64 == BATCH, next.last().copied().unwrap_or(held.plan_cursor));
    let (_, facts) = campaigns::facts(conn, &held)?;
    let people = looks::each(conn, &facts, Stretch { after: held.plan_cursor, to: cursor }, now)?;
    let verdicts = looks::judge(conn, &facts, people.iter().map(|(_, looks)| *looks), now)?;
    let mut alike: HashMap<Option<Refusal>, Vec<i64>> = HashMap::new();
    for (person, looks) in people {
        let verdict = verdicts.get(&looks).ok_or_else(|| Error::internal("a look was not decided"))?;
        alike.entry(verdict.err()).or_default().push(person);
    }
    for (refusal, people) in alike {
        write(conn, id, people, refusal, now)?;
    }
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

/// Writes the rows of people with the same answer: one statement whose only list is one value.
fn write(
    conn: &mut DbConnection,
    campaign: i64,
    people: Vec<i64>,
    refusal: Option<Refusal>,
    now: Moment,
) -> Result<()> {
    // Without a condition SQLite would read ON CONFLICT as one of a join.
    const ON_SQLITE: &str = "INSERT INTO delivery (campaign_id, subscriber_id, state, reason, attempts, due_at, \
         tracks_opens, tracks_clicks, finished_at) SELECT $1, person.value, $2, $3, 0, $4, FALSE, FALSE, $5 \
         FROM json_each($6) AS person WHERE TRUE ON CONFLICT DO NOTHING";
    const ON_POSTGRES: &str = "INSERT INTO delivery (campaign_id, subscriber_id, state, reason, attempts, due_at, \
         tracks_opens, tracks_clicks, finished_at) SELECT $1, person.value, $2, $3, 0, $4, FALSE, FALSE, $5 \
         FROM UNNEST($6) AS person (value) ON CONFLICT DO NOTHING";
    let state = if refusal.is_none() { State::Planned } else { State::Skipped };
    let finished_at = refusal.is_some().then_some(now);
    macro_rules! insert {
        ($conn:expr, $text:expr, $kind:ty, $people:expr) => {
            diesel::sql_query($text)
                .bind::<BigInt, _>(campaign)
                .bind::<Text, _>(state)
                .bind::<Nullable<Text>, _>(refusal.map(Refusal::as_str))
                .bind::<BigInt, _>(now)
                .bind::<Nullable<BigInt>, _>(finished_at)
                .bind::<$kind, _>($people)
                .execute($conn)?
        };
    }
    match conn {
        DbConnection::Sqlite(c) => insert!(c, ON_SQLITE, Text, serde_json::to_string(&people)?),
        DbConnection::Postgres(c) => insert!(c, ON_POSTGRES, Array<BigInt>, people),
    };
    Ok(())
}
