//! Plans the campaigns whose time has come: one batch of people of each in turn, so that none waits for another's
//! million.
//!
//! What was scheduled for later passes the preflight once more before its first batch: records change in a week. DNS
//! may be slow, so the others are planned meanwhile.

use std::collections::HashMap;
use std::time::Duration;

use tokio::task::JoinSet;

use crate::app::App;
use crate::app::preflight::Checked;
use crate::clock::Moment;
use crate::domain::campaign::preflight;
use crate::domain::campaign::{Campaign, State, state};
use crate::domain::catalog::{brand, dkim_key};
use crate::domain::delivery::plan;
use crate::error::{Error, Result};
use crate::jobs::Progress;

/// How long what a preflight found when the campaign was scheduled is still believed.
const BELIEVED: Duration = Duration::from_secs(10 * 60);

/// How long it waits for a preflight at most before it looks whether another campaign is due.
const LOOK: Duration = Duration::from_millis(250);

/// Plans a batch of every campaign that is due, and until all preflights are through, batch after batch.
///
/// # Errors
/// Of the database.
pub async fn run_once(app: &App) -> Result<Progress> {
    let mut checks = Checks::default();
    loop {
        let now = app.clock.now();
        let due = app.db.read(move |conn| plan::due(conn, now)).await?;
        checks.begin(app, &due, now);
        let mut more = false;
        for campaign in due.into_iter().filter(|campaign| !checks.hold_back(campaign.id)) {
            more |= plan_batch(app, campaign, now).await?;
        }
        if checks.running.is_empty() || app.is_stopping() {
            return Ok(if more { Progress::More } else { Progress::Idle });
        }
        checks.wait(app, if more { Duration::ZERO } else { LOOK }, now).await?;
    }
}

/// Plans the next batch of a campaign. Returns whether more are left.
async fn plan_batch(app: &App, campaign: Campaign, now: Moment) -> Result<bool> {
    let id = campaign.id;
    let more = app.db.write(move |conn| plan::batch(conn, id, now)).await?;
    if !more {
        tracing::info!(campaign = %campaign.public_id, "the audience is planned");
        warn_if_unsigned(app, &campaign).await?;
        app.wake();
    }
    Ok(more)
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

/// The preflights of campaigns that were scheduled for later, all at the same time.
#[derive(Default)]
struct Checks {
    running: JoinSet<(i64, Result<Checked>)>,
    /// The campaigns whose preflight was begun, and whether they may be planned by now.
    passed: HashMap<i64, bool>,
}

impl Checks {
    /// Begins those that are still to be made.
    fn begin(&mut self, app: &App, due: &[Campaign], now: Moment) {
        for campaign in due {
            let (app, id) = (app.clone(), campaign.id);
            let stale = campaign.state == State::Scheduled && campaign.changed_at.plus(BELIEVED) <= now;
            if stale && !self.passed.contains_key(&id) {
                self.passed.insert(id, false);
                self.running.spawn(async move { (id, app.preflight(id).await) });
            }
        }
    }

    /// Whether a campaign must not be planned now: it is not checked yet, was paused, or could not be checked.
    fn hold_back(&self, campaign: i64) -> bool {
        self.passed.get(&campaign).is_some_and(|passed| !passed)
    }

    /// Waits for the next one, at most this long, and takes all that are through. Those that cannot be sent any more
    /// are paused.
    async fn wait(&mut self, app: &App, limit: Duration, now: Moment) -> Result<()> {
        let mut next = tokio::time::timeout(limit, self.running.join_next()).await.ok().flatten();
        while let Some(checked) = next {
            let (id, checked) = checked.map_err(Error::internal)?;
            match checked {
                Ok(checked) => {
                    let passed = pass_or_pause(app, id, &checked, now).await?;
                    self.passed.insert(id, passed);
                }
                // It holds up nobody else.
                Err(error) => {
                    tracing::error!(campaign = id, %error, "a campaign could not be checked and waits")
                }
            }
            next = self.running.try_join_next();
        }
        Ok(())
    }
}

/// Pauses a campaign that something blocks. Returns whether it may be planned.
async fn pass_or_pause(app: &App, id: i64, checked: &Checked, now: Moment) -> Result<bool> {
    checked.log();
    let blocking = preflight::blocking(&checked.findings);
    let Some(first) = blocking.first() else { return Ok(true) };
    let reason = format!("Preflight: {}", first.detail);
    let pause = app.db.write(move |conn| match state::hold(conn, id)?.state {
        State::Scheduled => state::pause(conn, id, Some(&reason), now).map(|_| ()),
        _ => Ok(()),
    });
    pause.await?;
    Ok(false)
}
