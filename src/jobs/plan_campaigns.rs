//! Plans the campaigns whose time has come: one batch of people of each, so that none waits for another's million.
//!
//! What was scheduled for later passes the preflight once more before its first batch: records change in a week.

use std::time::Duration;

use tokio::task::JoinSet;

use crate::app::App;
use crate::clock::Moment;
use crate::domain::campaign::preflight;
use crate::domain::campaign::{Campaign, State, state};
use crate::domain::catalog::{brand, dkim_key};
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
    let held_back = check_again(app, &due, now).await?;
    let mut progress = Progress::Idle;
    for campaign in due.into_iter().filter(|campaign| !held_back.contains(&campaign.id)) {
        let id = campaign.id;
        let more = app.db.write(move |conn| plan::batch(conn, id, now)).await?;
        if more {
            progress = Progress::More;
        } else {
            tracing::info!(campaign = %campaign.public_id, "the audience is planned");
            warn_if_unsigned(app, &campaign).await?;
            app.wake();
        }
    }
    Ok(progress)
}

/// Says once for each campaign that its letters go without a one-click header, and why (M-07).
async fn warn_if_unsigned(app: &App, campaign: &Campaign) -> Result<()> {
    if app.options.relay_signs {
        return Ok(());
    }
    let brand = campaign.brand_id;
    let unsigned = app.db.read(move |conn| {
        let from = brand::get(conn, brand)?.marketing_from;
        let nobody_signs = dkim_key::signing_for(conn, from.domain())?.is_empty();
        let waits = !dkim_key::waiting_for(conn, from.domain())?.is_empty();
        Ok(nobody_signs.then(|| (from.domain().to_owned(), waits)))
    });
    let unsigned = unsigned.await?;
    if let Some((domain, true)) = &unsigned {
        tracing::warn!(
            campaign = %campaign.public_id,
            domain,
            "its letters carry no List-Unsubscribe-Post, and a key waits: publish its record and run `mannerly dkim use`"
        );
    } else if let Some((domain, false)) = &unsigned {
        tracing::warn!(
            campaign = %campaign.public_id,
            domain,
            "its letters carry no List-Unsubscribe-Post, which receivers ignore without a DKIM signature: make a key \
             with `mannerly dkim create`, or say with --relay-signs that the relay signs"
        );
    }
    Ok(())
}

/// Pauses those that could be scheduled and cannot be sent any more. All are checked at the same time, so that DNS is
/// waited for once. Returns those that are not planned now: paused, or not checked because something went wrong, which
/// holds up nobody else.
async fn check_again(app: &App, due: &[Campaign], now: Moment) -> Result<Vec<i64>> {
    let mut held_back = Vec::new();
    let mut checks = JoinSet::new();
    for campaign in due {
        if campaign.state == State::Scheduled && campaign.changed_at.plus(BELIEVED) <= now {
            let (app, id) = (app.clone(), campaign.id);
            checks.spawn(async move { (id, app.preflight(id).await) });
        }
    }
    while let Some(checked) = checks.join_next().await {
        let (id, checked) = checked.map_err(Error::internal)?;
        let checked = match checked {
            Ok(checked) => checked,
            Err(error) => {
                tracing::error!(campaign = id, %error, "a campaign could not be checked and waits");
                held_back.push(id);
                continue;
            }
        };
        checked.log();
        let blocking = preflight::blocking(&checked.findings);
        let Some(first) = blocking.first() else { continue };
        let reason = format!("Preflight: {}", first.detail);
        held_back.push(id);
        app.db
            .write(move |conn| match state::hold(conn, id)?.state {
                State::Scheduled => state::pause(conn, id, Some(&reason), now).map(|_| ()),
                _ => Ok(()),
            })
            .await?;
    }
    Ok(held_back)
}
