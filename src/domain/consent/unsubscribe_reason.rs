//! Why people unsubscribed, in one word each: asked after it is done, never required, and kept as a count by campaign.

use diesel::prelude::*;

use crate::db::DbConnection;
use crate::db::schema::unsubscribe_reason as counted;
use crate::error::Result;

word_enum! {
    /// Why somebody unsubscribed, in the order of the question.
    #[schema(as = UnsubscribeReason)]
    pub enum Reason {
        /// It came too often.
        TooMany = "too_many",
        /// It was about nothing that concerns them.
        NotForMe = "not_for_me",
        /// They did not ask for it.
        NeverAsked = "never_asked",
        /// Something else.
        Other = "other",
    }
}

/// How many people gave each reason after a campaign's letter, in the order of the question; none of those that nobody
/// gave.
///
/// # Errors
/// Of the database.
pub fn of_campaign(conn: &mut DbConnection, campaign: i64) -> Result<Vec<(Reason, i64)>> {
    let mut reasons: Vec<(Reason, i64)> = counted::table
        .filter(counted::campaign_id.eq(campaign))
        .select((counted::reason, counted::people))
        .load(conn)?;
    reasons.sort_unstable();
    Ok(reasons)
}
