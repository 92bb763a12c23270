//! Lets go of hits that were kept for as long as the operator wants, and makes room for those to come.

use crate::app::App;
use crate::domain::tracking::retention;
use crate::error::Result;
use crate::jobs::Progress;

/// Tends the partitions and deletes one batch.
///
/// # Errors
/// Of the database.
pub async fn run_once(app: &App) -> Result<Progress> {
    let now = app.clock.now();
    let until = now.minus(app.options.tracking.keep);
    app.db.write(move |conn| retention::tend_partitions(conn, now, until)).await?;
    let deleted = app.db.write(move |conn| retention::delete_old(conn, until)).await?;
    Ok(if deleted > 0 { Progress::More } else { Progress::Idle })
}
