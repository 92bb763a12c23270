//! Works off what public forms left behind, each request in a transaction of its own, and forgets in time what was
//! typed and never confirmed, and what kept sign-ups from being too many.

use crate::app::App;
use crate::domain::consent::confirmation;
use crate::domain::intake::{lane, proof, request};
use crate::domain::privacy::address_change;
use crate::error::{Error, Result};
use crate::jobs::Progress;

/// How many requests one run looks at.
const AT_ONCE: i64 = 100;

/// One run.
///
/// # Errors
/// If the database does not answer. A single request that fails is logged, kept, and does not hold up the others.
pub async fn run_once(app: &App) -> Result<Progress> {
    let mut worked = 0;
    let mut last = 0;
    loop {
        let ids = app.db.read(move |conn| request::waiting(conn, last, AT_ONCE)).await?;
        let Some(newest) = ids.last() else { break };
        last = *newest;
        for id in ids {
            let (keys, options, now) = (app.keys.clone(), app.options.intake, app.clock.now());
            match app.db.write(move |conn| request::work(conn, &keys, options, id, now)).await {
                Ok(done) => worked += usize::from(done),
                Err(error @ Error::Unavailable(_)) => return Err(error),
                Err(error) => tracing::error!(request = id, %error, "a request could not be worked off"),
            }
        }
    }
    worked += work_address_changes(app).await?;
    forget(app).await?;
    forget_addresses(app).await?;
    if worked == 0 {
        return Ok(Progress::Idle);
    }
    // Most of them wrote a service mail.
    app.wake();
    Ok(Progress::More)
}

/// Looks at the changes of address that were asked for. Returns how many there were.
async fn work_address_changes(app: &App) -> Result<usize> {
    let (mut worked, mut last) = (0, 0);
    loop {
        let ids = app.db.read(move |conn| address_change::waiting(conn, last, AT_ONCE)).await?;
        let Some(newest) = ids.last() else { return Ok(worked) };
        last = *newest;
        for id in ids {
            let (keys, now) = (app.keys.clone(), app.clock.now());
            match app.db.write(move |conn| address_change::work(conn, &keys, id, now)).await {
                Ok(done) => worked += usize::from(done),
                Err(error @ Error::Unavailable(_)) => return Err(error),
                Err(error) => {
                    tracing::error!(address_change = id, %error, "a change of address could not be worked off");
                }
            }
        }
    }
}

async fn forget_addresses(app: &App) -> Result<()> {
    let now = app.clock.now();
    if app.db.read(move |conn| address_change::any_to_forget(conn, now)).await? {
        app.db.write(move |conn| address_change::forget(conn, now)).await?;
    }
    Ok(())
}

async fn forget(app: &App) -> Result<()> {
    let now = app.clock.now();
    let any = app.db.read(move |conn| {
        Ok(confirmation::any_unconfirmed(conn, now)?
            || proof::any_to_forget(conn, now)?
            || lane::any_to_forget(conn, now)?)
    });
    if any.await? {
        let forget = app.db.write(move |conn| {
            confirmation::forget_unconfirmed(conn, now)?;
            proof::forget(conn, now)?;
            lane::forget(conn, now)
        });
        forget.await?;
    }
    Ok(())
}
