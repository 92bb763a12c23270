//! Plans the campaigns whose time has come: one batch of people of each, so that none waits for another's million.
//!
//! What was scheduled for later passes the preflight once more before its first batch: records change in a week.

use std::time::Duration;

use tokio::task::JoinSet;

use crate::app::App;
use crate::clock::Moment;
use crate::domain::campaign::preflight;
use crate::domain::campaign::{Campaign, State, state};
use crate::domain::delivery::plan;
use crate::error::{Error, Result};
use crate::jobs::Progress;

/// How long what a preflight found when the campaign was scheduled is still believed.
const BELIEVED: Duration = Duration::from_secs(10 * 60);

/// Plans one batch of every campaign that is due.
///
/// # Errors
/// Of the database.
pub async fn run_once(app: &App) -> Result<Progress> {
    let now = app.clock.now();
    let due = app.db.read(move |conn| plan::due(conn, now)).await?;
    check_again(app, &due, now).await?;
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

/// Pauses those that could be scheduled and cannot be sent any more. All are checked at the same time, so that DNS is
/// waited for once.
async fn check_again(app: &App, due: &[Campaign], now: Moment) -> Result<()> {
    let mut checks = JoinSet::new();
    for campaign in due {
        if campaign.state == State::Scheduled && campaign.changed_at.plus(BELIEVED) <= now {
            let (app, id) = (app.clone(), campaign.id);
            checks.spawn(async move { (id, app.preflight(id).await) });
        }
    }
    while let Some(checked) = checks.join_next().await {
        let (id, checked) = checked.map_err(Error::internal)?;
        let checked = checked?;
        checked.log();
        let blocking = preflight::blocking(&checked.findings);
        let Some(first) = blocking.first() else { continue };
        let reason = format!("Preflight: {}", first.detail);
        app.db
            .write(move |conn| match state::hold(conn, id)?.state {
                State::Scheduled => state::pause(conn, id, Some(&reason), now).map(|_| ()),
                _ => Ok(()),
            })
            .await?;
    }
    Ok(())
}
