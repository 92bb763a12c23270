//! A link to a report, for people with a browser and no key. Whoever has it can read it, so it ends after a while; it shows
//! nobody's data, no small counts, and nothing that could be changed.

use std::time::Duration;

use serde::Serialize;

use crate::clock::{DAY, Moment};
use crate::domain::campaign::Campaign;
use crate::domain::catalog::Brand;
use crate::token::{Keys, ReportLink};

/// For how many days it works.
pub const DAYS: u32 = 30;

/// For how long it works.
const GOOD_FOR: Duration = DAY.saturating_mul(DAYS);

/// Where a campaign's report can be read.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = ReportLink)]
pub struct ReportAddress {
    /// The page's address: for a browser, without a key.
    pub url: String,
    /// Until when it works.
    pub expires_at: Moment,
}

/// A new link to the report of a brand's campaign.
pub fn link(keys: &Keys, brand: &Brand, campaign: &Campaign, now: Moment) -> ReportAddress {
    let expires_at = now.plus(GOOD_FOR);
    let token = keys.seal(&ReportLink { campaign: campaign.id, expires_at: expires_at.as_micros() });
    ReportAddress { url: format!("{}/report/{token}", brand.base_url), expires_at }
}
