//! A campaign's report: as JSON, and as a file for spreadsheets. Aggregates only, and no small ones.

use actix_web::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use actix_web::{HttpResponse, web};
use serde::Deserialize;

use crate::app::App;
use crate::domain::campaign::{self, Campaign};
use crate::domain::catalog::brand;
use crate::domain::tracking::report::{self, Include, Report};
use crate::error::Result;
use crate::id::PublicId;
use crate::web::api::{Answer, ok};
use crate::web::report::{ReportAddress, csv, link as report_link};

/// What to read besides.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ReportQuery {
    /// Any of `domains`, `topics` and `previous` (the last five campaigns of the same topic), with commas. For a
    /// million letters the report takes about a second, `domains` one more, `topics` about three, `previous` one for
    /// each of the five.
    #[serde(default)]
    include: String,
}

/// Read a campaign's report
///
/// What became of everybody, and what was counted of those who allow it. It can be read while the campaign runs. No
/// count of fewer than ten people is in it, and none from which one could be computed.
#[utoipa::path(get, path = "/api/v1/campaigns/{campaign}/report", operation_id = "get_report", tag = "Campaigns",
    params(("campaign" = PublicId, Path, description = "The campaign's id"), ReportQuery),
    responses((status = 200, description = "The report", body = Report)))]
pub async fn show(app: web::Data<App>, id: web::Path<PublicId>, query: web::Query<ReportQuery>) -> Answer {
    let include = Include::parse(&query.include)?;
    ok(&read(&app, *id, include).await?.1)
}

/// Download a campaign's report
///
/// As a CSV file (RFC 4180), one number a row: section, item, figure, value.
#[utoipa::path(get, path = "/api/v1/campaigns/{campaign}/report.csv", operation_id = "download_report",
    tag = "Campaigns", params(("campaign" = PublicId, Path, description = "The campaign's id"), ReportQuery),
    responses((status = 200, description = "The report", body = String, content_type = "text/csv")))]
pub async fn download(
    app: web::Data<App>,
    id: web::Path<PublicId>,
    query: web::Query<ReportQuery>,
) -> Answer {
    let include = Include::parse(&query.include)?;
    let (campaign, report) = read(&app, *id, include).await?;
    let name = format!("attachment; filename=\"report-{}.csv\"", campaign.public_id);
    Ok(HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "text/csv; charset=utf-8; header=present"))
        .insert_header((CONTENT_DISPOSITION, name))
        .body(csv::write(&campaign, &report)?))
}

/// Make a link to a campaign's report
///
/// The report as a page with charts, for people with a browser and no key. Whoever has the link can read it for 30 days,
/// so send it to no more people than should. It shows nobody's data and no small counts, and changes with the campaign.
#[utoipa::path(post, path = "/api/v1/campaigns/{campaign}/report/link", operation_id = "link_report",
    tag = "Campaigns", params(("campaign" = PublicId, Path, description = "The campaign's id")),
    responses((status = 200, description = "The link", body = ReportAddress)))]
pub async fn link(app: web::Data<App>, id: web::Path<PublicId>) -> Answer {
    let (keys, now) = (app.keys.clone(), app.clock.now());
    let address = app
        .db
        .read(move |conn| {
            let campaign = campaign::find(conn, *id)?;
            let brand = brand::get(conn, campaign.brand_id)?;
            Ok(report_link(&keys, &brand, &campaign, now))
        })
        .await?;
    ok(&address)
}

async fn read(app: &App, id: PublicId, include: Include) -> Result<(Campaign, Report)> {
    let now = app.clock.now();
    app.db
        .read(move |conn| {
            let campaign = campaign::find(conn, id)?;
            let report = report::report(conn, campaign.id, include, now)?;
            Ok((campaign, report))
        })
        .await
}
