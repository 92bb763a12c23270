//! How much work there is and whether it goes on, for those who run the server: a few counts by partial indexes, however
//! many letters there ever were.

use diesel::prelude::*;
use diesel::sql_types::BigInt;
use serde::Serialize;

use crate::clock::Moment;
use crate::db::schema::{campaign, delivery, outbox, outcome_tally, request};
use crate::db::{DbConnection, fixed};
use crate::domain::campaign::State as CampaignState;
use crate::error::Result;
use crate::id::PublicId;

/// The most letters that are counted as due.
pub const DUE_MAX: i64 = 100_000;

/// The most paused campaigns that are listed.
const PAUSED_MAX: i64 = 100;

/// What there is to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Work {
    /// Letters of campaigns.
    pub letters: Letters,
    /// Campaigns.
    pub campaigns: Campaigns,
    /// Confirmations, links and notices.
    pub service_mail: ServiceMail,
    /// Forms and sign-ups that were posted and are not worked off yet.
    pub requests_waiting: i64,
}

/// Letters of campaigns.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[schema(as = StatusLetters)]
pub struct Letters {
    /// Planned, of a campaign that is being sent, and due now; counted up to 100,000.
    pub due: i64,
    /// In the hands of a connection.
    pub in_hand: i64,
    /// May have arrived and are not sent again unless somebody asks.
    pub uncertain: i64,
    /// Accepted by a relay since the beginning, of all campaigns.
    pub sent_total: i64,
}

/// Campaigns.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[schema(as = StatusCampaigns)]
pub struct Campaigns {
    /// Being planned or sent.
    pub running: i64,
    /// The newest paused ones, at most 100.
    pub paused: Vec<PausedCampaign>,
}

/// A paused campaign.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[schema(as = StatusPausedCampaign)]
pub struct PausedCampaign {
    /// Its id.
    pub id: PublicId,
    /// Its name.
    pub name: String,
    /// Why it is paused; none if a person did it.
    pub reason: Option<String>,
}

/// Service mail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[schema(as = StatusServiceMail)]
pub struct ServiceMail {
    /// To be handed over now.
    pub due: i64,
    /// Being handed over.
    pub in_hand: i64,
}

#[derive(QueryableByName)]
struct Counted {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

/// Counts it.
///
/// # Errors
/// Of the database.
pub fn count(conn: &mut DbConnection, now: Moment) -> Result<Work> {
    let in_hand = delivery::table.filter(fixed("delivery.state = 'claimed'")).count().get_result(conn)?;
    let uncertain = delivery::table.filter(fixed("delivery.state = 'uncertain'")).count().get_result(conn)?;
    let sent: Vec<i64> = outcome_tally::table.select(outcome_tally::sent).load(conn)?;
    let running = campaign::table
        .filter(campaign::state.eq_any([CampaignState::Planning, CampaignState::Sending]))
        .count()
        .get_result(conn)?;
    let paused: Vec<(PublicId, String, Option<String>)> = campaign::table
        .filter(campaign::state.eq(CampaignState::Paused))
        .order(campaign::id.desc())
        .limit(PAUSED_MAX)
        .select((campaign::public_id, campaign::name, campaign::pause_reason))
        .load(conn)?;
    let paused = paused.into_iter().map(|(id, name, reason)| PausedCampaign { id, name, reason });
    let waiting = fixed("outbox.state = 'waiting'").and(outbox::due_at.le(now));
    Ok(Work {
        letters: Letters { due: letters_due(conn, now)?, in_hand, uncertain, sent_total: sent.iter().sum() },
        campaigns: Campaigns { running, paused: paused.collect() },
        service_mail: ServiceMail {
            due: outbox::table.filter(waiting).count().get_result(conn)?,
            in_hand: outbox::table.filter(fixed("outbox.state = 'claimed'")).count().get_result(conn)?,
        },
        requests_waiting: request::table.count().get_result(conn)?,
    })
}

/// Letters that are due, up to [`DUE_MAX`]: a million of them are no more of a sign than a hundred thousand.
fn letters_due(conn: &mut DbConnection, now: Moment) -> Result<i64> {
    // CROSS keeps SQLite from beginning with the letters, those of paused campaigns among them.
    let due = "SELECT count(*) AS count FROM (
           SELECT 1 FROM campaign CROSS JOIN delivery
           WHERE campaign.state IN ('planning', 'sending') AND delivery.campaign_id = campaign.id
             AND delivery.state = 'planned' AND delivery.due_at <= $1
           LIMIT $2) AS due";
    let due = diesel::sql_query(due).bind::<BigInt, _>(now.as_micros()).bind::<BigInt, _>(DUE_MAX);
    let counted: Counted = on_backend!(conn, |c| due.get_result(c))?;
    Ok(counted.count)
}
