//! Empties SQLite's log after an erasure, where somebody who was reading stood in the way at once.

use crate::app::App;
use crate::error::Result;
use crate::jobs::Progress;

/// Tries it, if it is to be done.
///
/// # Errors
/// Of the database.
pub async fn run_once(app: &App) -> Result<Progress> {
    app.db.empty_log().await?;
    Ok(Progress::Idle)
}
