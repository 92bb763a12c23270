//! Lets go of answers to requests that were named by an `Idempotency-Key` a day ago.

use crate::app::App;
use crate::domain::account::idempotency;
use crate::error::Result;
use crate::jobs::Progress;

/// Deletes one batch.
///
/// # Errors
/// Of the database.
pub async fn run_once(app: &App) -> Result<Progress> {
    let until = app.clock.now().minus(idempotency::KEPT);
    let deleted = app.db.write(move |conn| idempotency::forget(conn, until)).await?;
    Ok(if deleted > 0 { Progress::More } else { Progress::Idle })
}
