//! A change of a tracking permission, together with what was recorded under it.

use crate::db::DbConnection;
use crate::domain::consent::permission::{Change, Kind};
use crate::domain::consent::{self, Statement};
use crate::domain::tracking::hit;
use crate::error::Result;

/// Sets one permission and writes the ledger entry. Taking it back also deletes the person's hits of that kind for
/// the brand's campaigns; the campaigns' counters, which hold no person, stay.
///
/// # Errors
/// Of the database.
pub fn set(conn: &mut DbConnection, statement: &Statement<'_>, kind: Kind, granted: bool) -> Result<Change> {
    consent::lock(conn, statement.subscriber)?;
    let change = consent::permission::set(conn, statement, kind, granted)?;
    if change == Change::Withdrawn {
        hit::forget(conn, statement.subscriber, statement.brand, kind)?;
    }
    Ok(change)
}
