//! What the brand's anonymous mode counted: requests of the pixel and the links that all without permission share. No
//! person is behind these counters, so they are shown exactly, and they are in no other figure.

use std::collections::BTreeMap;

use diesel::prelude::*;
use serde::Serialize;

use crate::clock::Moment;
use crate::db::DbConnection;
use crate::db::schema::anonymous_count;
use crate::domain::consent::permission::Kind;
use crate::domain::tracking::report::count::{Counts, hours_so_far};
use crate::error::Result;

/// What was counted without any person.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, utoipa::ToSchema)]
pub struct Anonymous {
    /// Requests of the shared pixel.
    pub opens: i64,
    /// Requests of shared links.
    pub clicks: i64,
    /// Each link in its order; empty if nothing was counted.
    pub links: Vec<AnonymousLink>,
    /// The first 48 hours, as far as they have passed; empty if nothing was counted.
    pub hours: Vec<AnonymousHour>,
}

/// Requests of one shared link.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct AnonymousLink {
    /// Its place in the letter, from 1.
    pub position: i32,
    /// Where it leads.
    pub url: String,
    /// The requests.
    pub clicks: i64,
}

/// The requests of one hour.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct AnonymousHour {
    /// When it began.
    pub at: Moment,
    /// Requests of the shared pixel.
    pub opens: i64,
    /// Requests of shared links.
    pub clicks: i64,
}

/// What was counted of a campaign; it was counted before links and hours were told apart where they do not add up.
///
/// # Errors
/// Of the database.
pub(super) fn load(
    conn: &mut DbConnection,
    campaign: i64,
    counts: &Counts,
    now: Moment,
) -> Result<Anonymous> {
    let rows: Vec<(Kind, i64, Moment, i64)> = anonymous_count::table
        .filter(anonymous_count::campaign_id.eq(campaign))
        .select((
            anonymous_count::kind,
            anonymous_count::link_id,
            anonymous_count::hour,
            anonymous_count::hits,
        ))
        .load(conn)?;
    if rows.is_empty() {
        return Ok(Anonymous::default());
    }
    let (mut by_kind, mut by_link, mut by_hour) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
    for (kind, link, hour, hits) in rows {
        *by_kind.entry(kind).or_default() += hits;
        *by_link.entry(link).or_default() += hits;
        *by_hour.entry((hour, kind)).or_default() += hits;
    }
    let of_kind = |kind| by_kind.get(&kind).copied().unwrap_or_default();
    let of_hour = |at: Moment, kind| by_hour.get(&(at, kind)).copied().unwrap_or_default();
    let links = counts.links.iter().map(|(link, _, _)| AnonymousLink {
        position: link.position + 1,
        url: link.url.clone(),
        clicks: by_link.get(&link.id).copied().unwrap_or_default(),
    });
    let hours = hours_so_far(counts.began_at, now).into_iter().map(|at| AnonymousHour {
        at,
        opens: of_hour(at, Kind::Opens),
        clicks: of_hour(at, Kind::Clicks),
    });
    Ok(Anonymous {
        opens: of_kind(Kind::Opens),
        clicks: of_kind(Kind::Clicks),
        links: links.collect(),
        hours: hours.collect(),
    })
}
