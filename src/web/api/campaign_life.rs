//! The life of a campaign: scheduled and taken back, paused, resumed and cancelled.

use actix_web::web;
use serde::Deserialize;

use crate::app::App;
use crate::clock::Moment;
use crate::db::DbConnection;
use crate::domain::campaign::{self, Campaign, state};
use crate::domain::delivery::pace;
use crate::error::Result;
use crate::id::PublicId;
use crate::web::api::body::Body;
use crate::web::api::campaigns::{CampaignView, view};
use crate::web::api::{Answer, ok};

/// When to begin.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ScheduleForm {
    /// When it may begin, at most a year ahead; at once if left out. A moment that is past by more than five minutes is
    /// refused.
    #[serde(default)]
    at: Option<Moment>,
}

/// Schedule a campaign
///
/// `{}` as the body means at once. The preflight runs first: what blocks is named in `errors`, and nothing is changed; what
/// only warns is logged. What waits for its time can be taken back with `unschedule`.
#[utoipa::path(post, path = "/api/v1/campaigns/{campaign}/schedule", operation_id = "schedule_campaign",
    tag = "Campaigns", params(("campaign" = PublicId, Path, description = "The campaign's id")),
    request_body = ScheduleForm,
    responses((status = 200, description = "The campaign", body = CampaignView),
        (status = 409, description = "It is no draft, or could not be sent")))]
pub async fn schedule(app: web::Data<App>, id: web::Path<PublicId>, form: Body<ScheduleForm>) -> Answer {
    begin(&app, *id, move |conn, row, now| state::schedule(conn, row, form.0.at, now)).await
}

/// Take a scheduled campaign back
///
/// It is a draft again and can be changed. Only before it is begun: what is on its way is paused or cancelled.
#[utoipa::path(post, path = "/api/v1/campaigns/{campaign}/unschedule", operation_id = "unschedule_campaign",
    tag = "Campaigns", params(("campaign" = PublicId, Path, description = "The campaign's id")),
    responses((status = 200, description = "The draft", body = CampaignView),
        (status = 409, description = "It does not wait, or is begun")))]
pub async fn unschedule(app: web::Data<App>, id: web::Path<PublicId>) -> Answer {
    change(&app, *id, state::unschedule).await
}

/// Pause a campaign
///
/// Takes effect with the next letter; nothing is lost.
#[utoipa::path(post, path = "/api/v1/campaigns/{campaign}/pause", operation_id = "pause_campaign", tag = "Campaigns",
    params(("campaign" = PublicId, Path, description = "The campaign's id")),
    responses((status = 200, description = "The campaign", body = CampaignView),
        (status = 409, description = "It is not on its way")))]
pub async fn pause(app: web::Data<App>, id: web::Path<PublicId>) -> Answer {
    change(&app, *id, |conn, row, now| state::pause(conn, row, None, now)).await
}

/// Resume a paused campaign
///
/// It goes on where it was, if the preflight finds nothing that blocks; everybody goes through the gate again.
#[utoipa::path(post, path = "/api/v1/campaigns/{campaign}/resume", operation_id = "resume_campaign",
    tag = "Campaigns", params(("campaign" = PublicId, Path, description = "The campaign's id")),
    responses((status = 200, description = "The campaign", body = CampaignView),
        (status = 409, description = "It is not paused, or could not be sent")))]
pub async fn resume(app: web::Data<App>, id: web::Path<PublicId>) -> Answer {
    begin(&app, *id, state::resume).await
}

/// Cancel a campaign
///
/// For good: whoever has not got it will not. What is not begun can be a draft again with `unschedule` instead.
#[utoipa::path(post, path = "/api/v1/campaigns/{campaign}/cancel", operation_id = "cancel_campaign",
    tag = "Campaigns", params(("campaign" = PublicId, Path, description = "The campaign's id")),
    responses((status = 200, description = "The campaign", body = CampaignView),
        (status = 409, description = "It has ended already")))]
pub async fn cancel(app: web::Data<App>, id: web::Path<PublicId>) -> Answer {
    change(&app, *id, |conn, row, now| {
        let cancelled = state::cancel(conn, row, now)?;
        pace::forget(conn, row)?;
        Ok(cancelled)
    })
    .await
}

/// A step after which letters go out: only past the preflight, of just the campaign that it looked at.
async fn begin(
    app: &App,
    id: PublicId,
    step: impl FnOnce(&mut DbConnection, i64, Moment) -> Result<Campaign> + Send + 'static,
) -> Answer {
    let row = app.db.read(move |conn| Ok(campaign::find(conn, id)?.id)).await?;
    let checked = app.preflight(row).await?;
    checked.log();
    change(app, id, move |conn, row, now| {
        let unchanged = checked.still_holds(conn);
        // That this cannot be done at all is said first, and takes everything back.
        let campaign = step(conn, row, now)?;
        unchanged?;
        checked.permit()?;
        Ok(campaign)
    })
    .await
}

/// One step in a campaign's life; whatever waits for it is woken.
async fn change(
    app: &App,
    id: PublicId,
    step: impl FnOnce(&mut DbConnection, i64, Moment) -> Result<Campaign> + Send + 'static,
) -> Answer {
    let now = app.clock.now();
    let changed = app
        .db
        .write(move |conn| {
            let row = campaign::find(conn, id)?.id;
            let campaign = step(conn, row, now)?;
            view(conn, campaign)
        })
        .await?;
    app.wake();
    ok(&changed)
}
