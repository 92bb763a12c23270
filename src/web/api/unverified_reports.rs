//! Reports about a campaign's letters that nobody signed for.

use actix_web::web;
use serde::Serialize;

use crate::app::App;
use crate::clock::Moment;
use crate::domain::campaign;
use crate::domain::feedback::unverified::{self, Doubt, Kind, UnverifiedReport};
use crate::id::PublicId;
use crate::web::api::{Answer, ok};

/// How many are shown.
const SHOWN_MAX: i64 = 200;

/// Reports that were kept and not acted on.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct UnverifiedReports {
    /// The newest 200 of them.
    reports: Vec<UnverifiedReportView>,
}

/// One of them; it does not say whose letter it is about.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct UnverifiedReportView {
    /// What it says.
    kind: Kind,
    /// Why it is not believed.
    doubt: Doubt,
    /// The domain that it says it is from, if that can be a domain.
    domain: Option<String>,
    /// When it came.
    at: Moment,
}

/// List unverified reports
///
/// Complaints and opt-outs that came by mail, that name a letter of this campaign, and that the domain in their `From`
/// did not sign with DKIM. They are not acted on: anybody who has a letter can write one. Where a provider's reports
/// are here again and again, ask it to sign them.
#[utoipa::path(get, path = "/api/v1/campaigns/{campaign}/unverified-reports", operation_id = "list_unverified_reports",
    tag = "Campaigns", params(("campaign" = PublicId, Path, description = "The campaign's id")),
    responses((status = 200, description = "The reports, newest first", body = UnverifiedReports)))]
pub async fn list(app: web::Data<App>, id: web::Path<PublicId>) -> Answer {
    let reports = app
        .db
        .read(move |conn| {
            let campaign = campaign::find(conn, id.into_inner())?;
            unverified::of_campaign(conn, campaign.id, SHOWN_MAX)
        })
        .await?;
    let view =
        |UnverifiedReport { kind, doubt, domain, at }| UnverifiedReportView { kind, doubt, domain, at };
    ok(&UnverifiedReports { reports: reports.into_iter().map(view).collect() })
}
