//! Who would get a campaign now, and why the others would not: the gate run over everybody, without writing (API-11).

use std::collections::BTreeMap;

use serde::Serialize;

use crate::clock::Moment;
use crate::db::DbConnection;
use crate::domain::campaign::{Campaign, facts};
use crate::domain::consent::facts::{People, gather, who_allows};
use crate::domain::consent::gate::{Refusal, decide};
use crate::error::Result;

/// How many people are looked at in one go.
pub const BATCH: i64 = 1000;

/// Who would get a campaign now.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Preview {
    /// Everybody the organisation knows.
    pub people: i64,
    /// Those who would get it.
    pub allowed: i64,
    /// Those of them whose opens may be recorded.
    pub opens_measurable: i64,
    /// Those of them whose clicks may be recorded.
    pub clicks_measurable: i64,
    /// The others, by the reason why not.
    #[schema(value_type = BTreeMap<String, i64>)]
    pub refused: BTreeMap<Refusal, i64>,
}

/// Counts who would get a campaign now.
///
/// # Errors
/// Of the database.
pub fn preview(conn: &mut DbConnection, campaign: &Campaign, now: Moment) -> Result<Preview> {
    let (_, campaign) = facts(conn, campaign)?;
    let mut preview = Preview::default();
    let mut after = 0;
    loop {
        let people = gather(conn, &campaign, People::Next { after, limit: BATCH })?;
        let Some(last) = people.last() else { return Ok(preview) };
        after = last.subscriber;
        let mut allowed = Vec::with_capacity(people.len());
        for person in &people {
            preview.people += 1;
            match decide(person, &campaign, now) {
                Ok(permit) => allowed.push(permit.subscriber()),
                Err(reason) => *preview.refused.entry(reason).or_default() += 1,
            }
        }
        preview.allowed += allowed.len() as i64;
        let (opens, clicks) = who_allows(conn, campaign.brand, &allowed)?;
        preview.opens_measurable += opens.len() as i64;
        preview.clicks_measurable += clicks.len() as i64;
    }
}
