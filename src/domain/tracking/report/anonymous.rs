//! What the brand's anonymous mode counted: requests of the pixel and the links that all without permission share. No
//! person is behind these counters, and they are in no other figure. They are shown exactly, unless so few letters went
//! without permission that one of these people would be known by them.

use std::collections::BTreeMap;

use diesel::prelude::*;
use serde::Serialize;

use crate::clock::Moment;
use crate::db::DbConnection;
use crate::db::schema::{anonymous_count, brand, campaign as campaign_table};
use crate::domain::consent::permission::Kind;
use crate::domain::tracking::report::Cell;
use crate::domain::tracking::report::count::{Came, Counts, hours_so_far};
use crate::domain::tracking::report::guard::FEWEST;
use crate::error::Result;

/// What was counted without any person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Anonymous {
    /// Requests of the shared pixel; hidden if fewer than ten letters went without permission to count opens.
    pub opens: Cell,
    /// Requests of shared links; hidden if fewer than ten letters went without permission to count clicks.
    pub clicks: Cell,
    /// Each link in its order; empty if nothing was counted, or it is hidden.
    pub links: Vec<AnonymousLink>,
    /// The first 48 hours, as far as they have passed; empty if nothing was counted, or it is hidden.
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
    pub opens: Cell,
    /// Requests of shared links.
    pub clicks: Cell,
}

impl Anonymous {
    /// Nothing was counted.
    pub(super) const NOTHING: Self =
        Self { opens: Cell::Exact(0), clicks: Cell::Exact(0), links: Vec::new(), hours: Vec::new() };
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
    let counts_now: bool = campaign_table::table
        .inner_join(brand::table)
        .filter(campaign_table::id.eq(campaign))
        .select(brand::anonymous_tracking)
        .first(conn)?;
    if rows.is_empty() && !counts_now {
        return Ok(Anonymous::NOTHING);
    }
    // Nothing of what is hidden may show in what is not, nor whether there is any of it.
    let few = |came: &Came| counts.delivered() - came.measurable < FEWEST;
    let hides = |kind| match kind {
        Kind::Opens => few(&counts.opens),
        _ => few(&counts.clicks),
    };
    let rows: Vec<_> = rows.into_iter().filter(|(kind, ..)| !hides(*kind)).collect();
    let shown = |kind, hits| if hides(kind) { Cell::Hidden } else { Cell::Exact(hits) };
    if rows.is_empty() {
        return Ok(Anonymous {
            opens: shown(Kind::Opens, 0),
            clicks: shown(Kind::Clicks, 0),
            ..Anonymous::NOTHING
        });
    }
    let (mut by_kind, mut by_link, mut by_hour) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
    for (kind, link, hour, hits) in rows {
        *by_kind.entry(kind).or_default() += hits;
        *by_link.entry(link).or_default() += hits;
        *by_hour.entry((hour, kind)).or_default() += hits;
    }
    let of_kind = |kind| shown(kind, by_kind.get(&kind).copied().unwrap_or_default());
    let of_hour = |at: Moment, kind| shown(kind, by_hour.get(&(at, kind)).copied().unwrap_or_default());
    let links = counts.links.iter().filter(|_| !hides(Kind::Clicks)).map(|(link, _, _)| AnonymousLink {
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
