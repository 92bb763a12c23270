//! Plans the campaigns whose time has come: one batch of people of each, so that none waits for another's million.

use crate::app::App;
use crate::domain::campaign::Campaign;
use crate::domain::catalog::{brand, dkim_key};
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
        Ok(nobody_signs.then(|| from.domain().to_owned()))
    });
    if let Some(domain) = unsigned.await? {
        tracing::warn!(
            campaign = %campaign.public_id,
            domain,
            "its letters carry no List-Unsubscribe-Post, which receivers ignore without a DKIM signature: make a key \
             with `mannerly dkim create`, or say with --relay-signs that the relay signs"
        );
    }
    Ok(())
}
