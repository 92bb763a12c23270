//! Why people unsubscribed: asked after it is done, never required, and kept as a count by campaign. Whose reason it
//! was is not kept, only that one was counted for an act, so that none is counted twice.

use diesel::prelude::*;

use crate::db::DbConnection;
use crate::db::schema::unsubscribe_reason as counted;
use crate::domain::preferences::act::{self, Act, Kind};
use crate::error::{Error, Result};

pub use crate::domain::consent::unsubscribe_reason::Reason;

/// Counts the reason for an act once; another one for the same act is thanked for and not counted.
///
/// # Errors
/// [`Error::Conflict`] for an act that stopped nothing. Of the database.
pub fn give(conn: &mut DbConnection, act: &Act, reason: Reason) -> Result<()> {
    if !matches!(act.kind, Kind::Unsubscribed | Kind::Stopped) {
        return Err(Error::conflict("There is no reason to give"));
    }
    if !act::note_reason(conn, act.id)? {
        return Ok(());
    }
    let row = (
        counted::brand_id.eq(act.brand),
        counted::campaign_id.eq(act.campaign.unwrap_or(0)),
        counted::reason.eq(reason),
        counted::people.eq(1),
    );
    on_backend!(conn, |c| diesel::insert_into(counted::table)
        .values(row)
        .on_conflict((counted::brand_id, counted::campaign_id, counted::reason))
        .do_update()
        .set(counted::people.eq(counted::people + 1))
        .execute(c))?;
    Ok(())
}
