//! Lets go of hits, and of the marks that they left on letters, that were kept for as long as the operator wants, and makes
//! room for those to come.

use crate::app::App;
use crate::clock::DAY;
use crate::domain::tracking::{marks, once, retention};
use crate::error::{Error, Result};
use crate::jobs::Progress;

/// Tends the partitions and deletes one batch of each.
///
/// # Errors
/// Of the database.
pub async fn run_once(app: &App) -> Result<Progress> {
    let now = app.clock.now();
    let until = now.minus(app.options.tracking.keep);
    app.db.write(move |conn| retention::tend_partitions(conn, now, until)).await?;
    let deleted = app.db.write(move |conn| retention::delete_old(conn, until)).await?;
    app.db.write(move |conn| once::forget_recorders(conn, now.minus(DAY))).await?;
    let db = app.db.clone();
    let forgotten = tokio::task::spawn_blocking(move || marks::forget_old(&db, until))
        .await
        .map_err(Error::internal)??;
    Ok(if deleted > 0 || forgotten > 0 { Progress::More } else { Progress::Idle })
}
