//! A person's ledger: the proof of what they agreed to and what they ended.

use actix_web::web;

use crate::app::App;
use crate::domain::audience::subscriber;
use crate::domain::consent::ledger;
use crate::domain::privacy::export::EntryCopy;
use crate::id::PublicId;
use crate::web::api::Answer;
use crate::web::api::paging::{Page, Paging};

/// Read a subscriber's ledger
///
/// In the order in which it was written. It can be read after the person's data was erased, too.
#[utoipa::path(get, path = "/api/v1/subscribers/{subscriber}/ledger", operation_id = "list_ledger",
    tag = "Subscribers", params(("subscriber" = PublicId, Path, description = "The subscriber's id"), Paging),
    responses((status = 200, description = "A page of entries", body = Page<EntryCopy>)))]
pub async fn list(app: web::Data<App>, id: web::Path<PublicId>, paging: web::Query<Paging>) -> Answer {
    let window = paging.window("ledger")?;
    let (after, rows, id) = (window.after, window.rows(), id.into_inner());
    let entries = app
        .db
        .read(move |conn| {
            let person = subscriber::find(conn, id)?;
            ledger::of_subscriber(conn, person.id, after, rows)
        })
        .await?;
    let path = format!("/api/v1/subscribers/{id}/ledger");
    Ok(window.page(&path, entries, |entry| entry.id, EntryCopy::of))
}
