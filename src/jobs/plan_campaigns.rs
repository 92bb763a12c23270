//! Plans the campaigns whose time has come: one batch of people of each, so that none waits for another's million.

use crate::app::App;
use crate::domain::delivery::plan;
use crate::error::Result;
use crate::jobs::Progress;

/// Plans one batch of every campaign that is due.
///
/// # Errors
/// Of the database.
pub async fn run_once(app: &App) -> Result<Progress> {
    let now = app.clock.now();
    let due = app.db.read(move |conn| plan::due(conn, now)).await?;
    let mut progress = Progress::Idle;
    for campaign in due {
        let more = app.db.write(move |conn| plan::batch(conn, campaign.id, now)).await?;
        if more {
            progress = Progress::More;
        } else {
            tracing::info!(campaign = %campaign.public_id, "the audience is planned");
            app.wake();
        }
    }
    Ok(progress)
}
