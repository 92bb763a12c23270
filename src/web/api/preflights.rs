//! The preflight of a campaign, to be read at any time.

use actix_web::web;
use serde::Serialize;

use crate::app::App;
use crate::domain::campaign;
use crate::domain::campaign::preflight::Finding;
use crate::id::PublicId;
use crate::web::api::{Answer, ok};

/// What a preflight found.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Preflight {
    /// Whether nothing blocks the campaign.
    ready: bool,
    /// Whether DNS was asked; without it the checks of SPF, DKIM, DMARC and the senders' domains are left out.
    asks_dns: bool,
    /// Everything that is wrong, what blocks first.
    findings: Vec<Finding>,
}

/// Check a campaign before it starts
///
/// What mailbox providers and readers would hold against it, at any time and also of a draft: SPF, DKIM and DMARC of
/// the senders, the senders themselves, the visible links, the size. What is `blocking` keeps it from being scheduled.
/// It may take a few seconds; nothing is written.
#[utoipa::path(get, path = "/api/v1/campaigns/{campaign}/preflight", operation_id = "preflight_campaign",
    tag = "Campaigns", params(("campaign" = PublicId, Path, description = "The campaign's id")),
    responses((status = 200, description = "The findings", body = Preflight)))]
pub async fn show(app: web::Data<App>, id: web::Path<PublicId>) -> Answer {
    let row = app.db.read(move |conn| Ok(campaign::find(conn, id.into_inner())?.id)).await?;
    let checked = app.preflight(row).await?;
    ok(&Preflight { ready: checked.permit().is_ok(), asks_dns: checked.asks_dns, findings: checked.findings })
}
