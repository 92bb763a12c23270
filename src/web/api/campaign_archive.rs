//! The public archive: a campaign is put into it or taken out, also long after it was sent.

use actix_web::web;

use crate::app::App;
use crate::domain::campaign::archive;
use crate::id::PublicId;
use crate::web::api::{Answer, no_content};

/// Put a campaign into the archive
///
/// Anybody can read it at `/b/{brand}/archive` as soon as it is sent: without anything about anybody, and with links as
/// they were written.
#[utoipa::path(put, path = "/api/v1/campaigns/{campaign}/archive", operation_id = "archive_campaign", tag = "Campaigns",
    params(("campaign" = PublicId, Path, description = "The campaign's id")),
    responses((status = 204, description = "It is there, or will be when it is sent"),
        (status = 409, description = "It is about a sensitive topic")))]
pub async fn put_in(app: web::Data<App>, id: web::Path<PublicId>) -> Answer {
    set(&app, *id, true).await
}

/// Take a campaign out of the archive
///
/// Nobody finds it there any more; whoever got it can still view it in the browser.
#[utoipa::path(delete, path = "/api/v1/campaigns/{campaign}/archive", operation_id = "withdraw_campaign_from_archive",
    tag = "Campaigns", params(("campaign" = PublicId, Path, description = "The campaign's id")),
    responses((status = 204, description = "It is not there")))]
pub async fn take_out(app: web::Data<App>, id: web::Path<PublicId>) -> Answer {
    set(&app, *id, false).await
}

async fn set(app: &App, id: PublicId, wanted: bool) -> Answer {
    let now = app.clock.now();
    app.db.write(move |conn| archive::set(conn, id, wanted, now)).await?;
    no_content()
}
