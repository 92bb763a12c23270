//! Judges what came back from letters, once it has been quiet for a while, and counts it.

use crate::app::App;
use crate::domain::tracking::settle;
use crate::error::{Error, Result};
use crate::jobs::Progress;

/// Judges what is due, up to some thousand hits.
///
/// # Errors
/// Of the database.
pub async fn run_once(app: &App) -> Result<Progress> {
    let (now, options) = (app.clock.now(), app.options.tracking.clone());
    let (crowds, db) = (app.crowds.clone(), app.db.clone());
    let judged = tokio::task::spawn_blocking(move || {
        let crowd = crowds.take();
        if !crowd.is_empty()
            && let Err(error) = db.write_here(|conn| settle::note_crowd(conn, &crowd))
        {
            crowds.put_back(crowd);
            return Err(error);
        }
        settle::settle(&db, &options, now)
    })
    .await
    .map_err(Error::internal)??;
    Ok(if judged > 0 { Progress::More } else { Progress::Idle })
}
