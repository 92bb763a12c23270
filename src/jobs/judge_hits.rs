//! Judges what came back from letters, once it has been quiet for a while, and counts it.

use crate::app::App;
use crate::domain::tracking::settle;
use crate::error::Result;
use crate::jobs::Progress;

/// Judges one batch.
///
/// # Errors
/// Of the database.
pub async fn run_once(app: &App) -> Result<Progress> {
    let (now, options) = (app.clock.now(), app.options.tracking.clone());
    let crowd = app.crowds.take();
    let judged = app
        .db
        .write(move |conn| {
            settle::note_crowd(conn, &crowd)?;
            settle::settle(conn, &options, now)
        })
        .await?;
    Ok(if judged > 0 { Progress::More } else { Progress::Idle })
}
