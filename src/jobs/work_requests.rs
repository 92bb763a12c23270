//! Works off what public forms left behind, each request in a transaction of its own, and forgets in time what was
//! typed and never confirmed, and what kept sign-ups from being too many.

use crate::app::App;
use crate::clock::Moment;
use crate::db::DbConnection;
use crate::domain::consent::confirmation;
use crate::domain::intake::{lane, proof, request};
use crate::domain::privacy::address_change;
use crate::error::{Error, Result};
use crate::jobs::Progress;
use crate::token::Keys;

/// How many requests one run looks at.
const AT_ONCE: i64 = 100;

/// One run.
///
/// # Errors
/// If the database does not answer. A single request that fails is logged, kept, and does not hold up the others.
pub async fn run_once(app: &App) -> Result<Progress> {
    let options = app.options.intake;
    let work =
        move |conn: &mut DbConnection, keys: &Keys, id, now| request::work(conn, keys, options, id, now);
    let mut worked = work_all(app, "request", request::waiting, work).await?;
    worked += work_all(app, "change of address", address_change::waiting, address_change::work).await?;
    forget(app).await?;
    forget_addresses(app).await?;
    if worked == 0 {
        return Ok(Progress::Idle);
    }
    // Most of them wrote a service mail.
    app.wake();
    Ok(Progress::More)
}

/// Works off all that waits of one kind, each in a transaction of its own. Returns how many there were.
async fn work_all(
    app: &App,
    kind: &'static str,
    waiting: fn(&mut DbConnection, i64, i64) -> Result<Vec<i64>>,
    work: impl Fn(&mut DbConnection, &Keys, i64, Moment) -> Result<bool> + Copy + Send + 'static,
) -> Result<usize> {
    let (mut worked, mut last) = (0, 0);
    loop {
        let ids = app.db.read(move |conn| waiting(conn, last, AT_ONCE)).await?;
        let Some(newest) = ids.last() else { return Ok(worked) };
        last = *newest;
        for id in ids {
            let (keys, now) = (app.keys.clone(), app.clock.now());
            match app.db.write(move |conn| work(conn, &keys, id, now)).await {
                Ok(done) => worked += usize::from(done),
                Err(error @ Error::Unavailable(_)) => return Err(error),
                Err(error) => tracing::error!(kind, id, %error, "what was asked for could not be worked off"),
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
