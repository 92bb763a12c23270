//! The web links of a campaign, stored when it is saved. The destination of a redirect comes from here and from
//! nowhere else (O-14); links outlive everything, so that old letters keep working.

use diesel::prelude::*;

use crate::db::DbConnection;
use crate::db::schema::link;
use crate::error::Result;

/// A stored link.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = link)]
pub struct Link {
    /// Row number.
    pub id: i64,
    /// The campaign it belongs to.
    pub campaign_id: i64,
    /// Its place in the letter, from 0.
    pub position: i32,
    /// Where it leads, byte for byte as the author wrote it.
    pub url: String,
}

/// Replaces the links of a draft.
///
/// # Errors
/// Of the database.
pub fn replace(conn: &mut DbConnection, campaign: i64, urls: &[String]) -> Result<()> {
    diesel::delete(link::table.filter(link::campaign_id.eq(campaign))).execute(conn)?;
    for (position, url) in (0i32..).zip(urls) {
        diesel::insert_into(link::table)
            .values((link::campaign_id.eq(campaign), link::position.eq(position), link::url.eq(url)))
            .execute(conn)?;
    }
    Ok(())
}

/// The links of a campaign in their order.
///
/// # Errors
/// Of the database.
pub fn of_campaign(conn: &mut DbConnection, campaign: i64) -> Result<Vec<Link>> {
    Ok(link::table
        .filter(link::campaign_id.eq(campaign))
        .order(link::position)
        .select(Link::as_select())
        .load(conn)?)
}
