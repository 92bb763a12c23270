//! The end of campaigns: those with nothing left to do are sent, and what a cancelled one still has planned is skipped.

use diesel::prelude::*;

use crate::clock::Moment;
use crate::db::schema::{campaign, delivery};
use crate::db::{DbConnection, fixed};
use crate::domain::campaign::{State as CampaignState, state};
use crate::domain::delivery::pace;
use crate::error::Result;

/// What there is to end.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Ending {
    /// Campaigns that are being sent and have no letter left.
    pub finished: Vec<i64>,
    /// Cancelled campaigns of which letters are still planned.
    pub cancelled: Vec<i64>,
}

/// Looks for what there is to end. Cheap, because it asks only whether there is one letter of a kind.
///
/// # Errors
/// Of the database.
pub fn look(conn: &mut DbConnection) -> Result<Ending> {
    let planned = || {
        delivery::table
            .filter(delivery::campaign_id.eq(campaign::id).and(fixed("delivery.state = 'planned'")))
            .select(delivery::subscriber_id)
    };
    let claimed = delivery::table
        .filter(delivery::campaign_id.eq(campaign::id).and(fixed("delivery.state = 'claimed'")))
        .select(delivery::subscriber_id);
    let finished = campaign::table
        .filter(fixed("campaign.state = 'sending'"))
        .filter(diesel::dsl::not(diesel::dsl::exists(planned())))
        .filter(diesel::dsl::not(diesel::dsl::exists(claimed)))
        .select(campaign::id)
        .load(conn)?;
    let cancelled = campaign::table
        .filter(campaign::state.eq(CampaignState::Cancelled).and(diesel::dsl::exists(planned())))
        .select(campaign::id)
        .load(conn)?;
    Ok(Ending { finished, cancelled })
}

/// Ends what can be ended, a batch of letters at a time. Returns how many campaigns are sent to the end.
///
/// # Errors
/// Of the database.
pub fn finish(conn: &mut DbConnection, ending: &Ending, now: Moment) -> Result<usize> {
    for campaign in &ending.cancelled {
        state::skip_rest(conn, *campaign, now)?;
    }
    // Held first and looked at again: somebody may be putting failed letters back at this very moment.
    for campaign in &ending.finished {
        state::hold(conn, *campaign)?;
    }
    let still = look(conn)?.finished;
    let ended: Vec<i64> = still.into_iter().filter(|id| ending.finished.contains(id)).collect();
    for id in &ended {
        diesel::update(campaign::table.find(id))
            .set((
                campaign::state.eq(CampaignState::Sent),
                campaign::finished_at.eq(now),
                campaign::changed_at.eq(now),
            ))
            .execute(conn)?;
        pace::forget(conn, *id)?;
    }
    Ok(ended.len())
}
