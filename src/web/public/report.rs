//! `/report/{token}`: a campaign's report with its charts, for people with a browser and no key. Aggregates only, and no
//! small ones; nothing can be changed.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};

use crate::app::App;
use crate::clock::Moment;
use crate::domain::campaign;
use crate::domain::tracking::report::{self, Include};
use crate::i18n::Lang;
use crate::token::ReportLink;
use crate::web::page::ProblemPage;
use crate::web::problem::{PageError, page, page_with};
use crate::web::public::open;
use crate::web::report::DAYS;

/// `GET /report/{token}`.
///
/// # Errors
/// 404 for a token that is not ours; 410 for a link that is too old.
pub async fn show(app: web::Data<App>, token: web::Path<String>) -> Result<HttpResponse, PageError> {
    let link: ReportLink = open(&app, &token)?;
    let now = app.clock.now();
    if now > Moment::from_micros(link.expires_at) {
        return page_with(StatusCode::GONE, &too_old());
    }
    let (campaign, report) = app
        .db
        .read(move |conn| {
            let campaign = campaign::get(conn, link.campaign)?;
            let report = report::report(conn, campaign.id, Include::ALL, now)?;
            Ok((campaign, report))
        })
        .await?;
    page(&crate::web::report::page(&campaign, &report))
}

/// Reports are English only, and so is this.
fn too_old() -> ProblemPage {
    ProblemPage {
        lang: Lang::English,
        status: StatusCode::GONE.as_u16(),
        title: "This link is no longer valid".to_owned(),
        text: format!("Links to a report work for {DAYS} days. Ask whoever sent it to you for a new one."),
    }
}
