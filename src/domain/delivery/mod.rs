//! Delivery: one row per campaign and person. Planned through the gate, claimed through the gate again, handed over,
//! and settled; every planned person ends in exactly one state.
//!
//! Nothing here talks to the network: the job does, between [`claim`] and [`settle`].

pub mod bounce;
pub mod breaker;
pub mod claim;
pub mod finish;
pub mod letter;
pub mod pace;
pub mod pacer;
pub mod plan;
pub mod retry;
pub mod settle;
pub mod unanswered;
pub mod work;

use diesel::prelude::*;

use crate::db::DbConnection;
use crate::db::schema::delivery;
use crate::error::Result;

word_enum! {
    /// Where one person's letter is.
    #[schema(as = DeliveryState)]
    pub enum State {
        /// To be handed over when it is due; also one that the relay put off.
        Planned = "planned",
        /// In the hands of a connection right now.
        Claimed = "claimed",
        /// Accepted by the relay.
        Sent = "sent",
        /// Not sent, because the gate said no or the campaign was cancelled; the reason says which.
        Skipped = "skipped",
        /// Refused by the relay for good; the reason has its code.
        Failed = "failed",
        /// The connection died between the final dot and the answer: it may have arrived, so it is not sent again.
        Uncertain = "uncertain",
    }
}

/// How many deliveries of a campaign are in each state.
///
/// # Errors
/// Of the database.
pub fn count_by_state(conn: &mut DbConnection, campaign: i64) -> Result<Vec<(State, i64)>> {
    Ok(delivery::table
        .filter(delivery::campaign_id.eq(campaign))
        .group_by(delivery::state)
        .select((delivery::state, diesel::dsl::count_star()))
        .load(conn)?)
}
