//! Hands letters over: claims through the gate, writes each letter, and settles what the relay answered.
//!
//! One dispatcher and as many workers as there are connections. In one transaction the dispatcher
//! writes the outcomes that came back and claims letters for workers that are free; then the workers write and hand
//! over outside of any transaction. So at most one letter per connection is in the air when the process dies, and what
//! a pause or a withdrawal changed is seen by the very next claim.

mod crew;
mod dispatch;
mod inbox;

use tokio::runtime::Handle;

use crate::app::App;
use crate::domain::delivery::claim::{abandoned, due_campaigns, give_up};
use crate::domain::delivery::finish::{self, Ending};
use crate::domain::delivery::pace::Scope;
use crate::error::{Error, Result};
use crate::jobs::Progress;
use crate::jobs::send_deliveries::dispatch::{Dispatcher, keep_pace};

/// Sends what is due of all campaigns. [`Progress::More`] if any letter was claimed.
///
/// # Errors
/// Of the database, or if no relay can be reached; nothing is lost by either.
pub async fn run_once(app: &App) -> Result<Progress> {
    let (kind, node, now) = (app.db.kind(), app.node, app.clock.now());
    // Most of the time there is nothing to do, and a look takes nobody the writer's place.
    let abandoned = app.db.read(move |conn| abandoned(conn, kind, node, now)).await?;
    if !abandoned.is_empty() {
        let letters = app.db.write(move |conn| give_up(conn, &abandoned, now)).await?;
        if letters > 0 {
            tracing::warn!(letters, "letters were in hand when a server died; they are kept as uncertain");
        }
    }
    let sent_any = dispatch(app).await?;
    let ended_any = end(app).await?;
    Ok(if sent_any || ended_any { Progress::More } else { Progress::Idle })
}

/// Sends until nothing is due; on a thread made for blocking, where the dispatcher waits for database and workers.
async fn dispatch(app: &App) -> Result<bool> {
    let (app, runtime) = (app.clone(), Handle::current());
    let sent =
        tokio::task::spawn_blocking(move || Ok(may_any_go(&app)? && Dispatcher::new(&app, runtime).run()?));
    sent.await.unwrap_or_else(|panic| Err(Error::internal(panic)))
}

/// Whether a letter is due and its pace lets it go; nothing is prepared for one that has to wait.
fn may_any_go(app: &App) -> Result<bool> {
    keep_pace(app)?;
    let now = app.clock.now();
    let due = app.db.read_here(|conn| due_campaigns(conn, now))?;
    let goes = |scope, name: &str| app.pacer.room(scope, name, 1) > 0;
    Ok(due.iter().any(|campaign| goes(Scope::Campaign, &campaign.name)) && goes(Scope::Server, ""))
}

/// Ends campaigns that have nothing left to do. Returns whether there may be more.
async fn end(app: &App) -> Result<bool> {
    let ending = app.db.read(finish::look).await?;
    if ending == Ending::default() {
        return Ok(false);
    }
    let (now, more) = (app.clock.now(), !ending.cancelled.is_empty());
    let finished = app.db.write(move |conn| finish::finish(conn, &ending, now)).await?;
    if finished > 0 {
        tracing::info!(campaigns = finished, "sent to the end");
    }
    Ok(more)
}
