//! A change of a tracking permission, together with what was recorded under it.

use std::time::Duration;

use crate::clock::DAY;
use crate::db::DbConnection;
use crate::domain::consent::permission::{Change, Kind};
use crate::domain::consent::{self, Statement};
use crate::domain::tracking::hit;
use crate::error::Result;
use crate::i18n::Lang;

/// What one agrees to by allowing it, exactly as pages show it and the ledger keeps it. `keep` is how long hits are kept
/// here: whoever agreed to a year has not agreed to two.
pub fn words(kind: Kind, lang: Lang, keep: Duration) -> String {
    let days = keep.as_secs() / DAY.as_secs();
    match kind {
        Kind::Opens => lang.say("wording-opens").with("days", days),
        Kind::Clicks => lang.say("wording-clicks").with("days", days),
        Kind::Profiling => lang.say("wording-profiling"),
    }
    .to_string()
}

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
