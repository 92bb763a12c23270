//! Pace: how fast letters may go, read and changed while they are on their way.

use actix_web::web;
use serde::{Deserialize, Serialize};

use crate::app::App;
use crate::domain::campaign;
use crate::domain::delivery::pace::{self, Pace, Period};
use crate::error::Error;
use crate::id::PublicId;
use crate::web::api::body::Body;
use crate::web::api::{Answer, no_content, ok};

/// Every pace that is set; what is not named goes as fast as it can.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Paces {
    /// Of the server, relays, domains and campaigns.
    paces: Vec<Pace>,
}

/// The paces to set.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PacesForm {
    /// Of the server, relays and domains, at most 1,000: all of them, since those not named are taken away.
    paces: Vec<Pace>,
}

/// At most so many messages in a period, spread evenly over it.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CampaignPace {
    /// How many, from 1 to 1,000,000,000.
    messages: i64,
    /// In which time.
    period: Period,
}

/// At most so many paces in one request.
const PACES_MAX: usize = 1000;

/// List all paces
#[utoipa::path(get, path = "/api/v1/pace", operation_id = "list_paces", tag = "Pace",
    responses((status = 200, description = "Every pace that is set", body = Paces)))]
pub async fn list(app: web::Data<App>) -> Answer {
    ok(&Paces { paces: app.db.read(pace::list).await? })
}

/// Set the paces of the server, relays and domains
///
/// Takes effect within a second, also for campaigns that are being sent. A domain that is slowed down holds up no
/// other. Each server process keeps the pace by itself.
#[utoipa::path(put, path = "/api/v1/pace", operation_id = "set_paces", tag = "Pace", request_body = PacesForm,
    responses((status = 200, description = "Every pace that is set", body = Paces)))]
pub async fn replace(app: web::Data<App>, form: Body<PacesForm>) -> Answer {
    let (now, wanted) = (app.clock.now(), form.0.paces);
    if wanted.len() > PACES_MAX {
        return Err(Error::invalid("paces", "At most 1,000 paces").into());
    }
    for (at, pace) in wanted.iter().enumerate().filter(|(_, pace)| pace.scope == pace::Scope::Relay) {
        let known = app.relays.check(&format!("paces.{at}.name"), &pace.name);
        known.map_err(|problem| Error::Invalid(vec![problem]))?;
    }
    let paces = app.db.write(move |conn| pace::replace(conn, wanted, now)).await?;
    app.wake();
    ok(&Paces { paces })
}

/// Read a campaign's pace
#[utoipa::path(get, path = "/api/v1/campaigns/{campaign}/pace", operation_id = "get_campaign_pace", tag = "Pace",
    params(("campaign" = PublicId, Path, description = "The campaign's id")),
    responses((status = 200, description = "Its pace", body = CampaignPace),
        (status = 404, description = "It has no pace of its own")))]
pub async fn get_of_campaign(app: web::Data<App>, id: web::Path<PublicId>) -> Answer {
    let found = app
        .db
        .read(move |conn| {
            let campaign = campaign::find(conn, id.into_inner())?;
            pace::of_campaign(conn, &campaign.public_id.to_string())
        })
        .await?;
    let pace = found.ok_or(Error::NotFound("pace"))?;
    ok(&CampaignPace { messages: pace.messages, period: pace.period })
}

/// Set a campaign's pace
///
/// At any time; takes effect within a second. It ends with the campaign: whoever tries failed letters again sets it
/// anew.
#[utoipa::path(put, path = "/api/v1/campaigns/{campaign}/pace", operation_id = "set_campaign_pace", tag = "Pace",
    params(("campaign" = PublicId, Path, description = "The campaign's id")), request_body = CampaignPace,
    responses((status = 200, description = "Its pace", body = CampaignPace)))]
pub async fn set_of_campaign(
    app: web::Data<App>,
    id: web::Path<PublicId>,
    form: Body<CampaignPace>,
) -> Answer {
    store(&app, *id, Some((form.0.messages, form.0.period))).await?;
    ok(&form.0)
}

/// Take a campaign's pace away
#[utoipa::path(delete, path = "/api/v1/campaigns/{campaign}/pace", operation_id = "delete_campaign_pace",
    tag = "Pace", params(("campaign" = PublicId, Path, description = "The campaign's id")),
    responses((status = 204, description = "It goes as fast as it can")))]
pub async fn delete_of_campaign(app: web::Data<App>, id: web::Path<PublicId>) -> Answer {
    store(&app, *id, None).await?;
    no_content()
}

async fn store(app: &App, id: PublicId, wanted: Option<(i64, Period)>) -> Result<(), Error> {
    let now = app.clock.now();
    app.db
        .write(move |conn| {
            let campaign = campaign::find(conn, id)?;
            pace::set_of_campaign(conn, &campaign.public_id.to_string(), wanted, now)
        })
        .await?;
    app.wake();
    Ok(())
}
