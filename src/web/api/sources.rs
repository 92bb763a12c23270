//! Sources: where people's data came from.

use actix_web::web;
use serde::Serialize;

use crate::app::App;
use crate::clock::Moment;
use crate::domain::audience::source::{self, Kind, Source, SourceForm};
use crate::id::PublicId;
use crate::web::api::body::Body;
use crate::web::api::paging::{Page, Paging};
use crate::web::api::{Answer, ok};

/// A source.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Source)]
pub struct SourceView {
    /// Its identity.
    id: PublicId,
    /// What people read; for a supplier this stands in every mail.
    name: String,
    /// Form, import, API or supplier.
    kind: Kind,
    /// The supplier's transparency policy; without it its people are not written to.
    policy_url: Option<String>,
    /// From when the licence holds.
    licence_from: Option<Moment>,
    /// Until when the licence holds.
    licence_until: Option<Moment>,
    /// When it was first named.
    created_at: Moment,
}

impl From<Source> for SourceView {
    fn from(source: Source) -> Self {
        Self {
            id: source.public_id,
            name: source.name,
            kind: source.kind,
            policy_url: source.policy_url,
            licence_from: source.licence_from,
            licence_until: source.licence_until,
            created_at: source.created_at,
        }
    }
}

/// List sources
#[utoipa::path(get, path = "/api/v1/sources", operation_id = "list_sources", tag = "Sources", params(Paging),
    responses((status = 200, description = "A page of sources", body = Page<SourceView>)))]
pub async fn list(app: web::Data<App>, paging: web::Query<Paging>) -> Answer {
    let window = paging.window("sources")?;
    let (after, rows) = (window.after, window.rows());
    let sources = app.db.read(move |conn| source::list(conn, after, rows)).await?;
    Ok(window.page("/api/v1/sources", sources, |source| source.id, SourceView::from))
}

/// Create or update a source
///
/// The source of this name: made if it is new, brought up to date if it is known.
#[utoipa::path(post, path = "/api/v1/sources", operation_id = "ensure_source", tag = "Sources", request_body = SourceForm,
    responses((status = 200, description = "The source", body = SourceView),
        (status = 409, description = "The name stands for a source of another kind")))]
pub async fn ensure(app: web::Data<App>, form: Body<SourceForm>) -> Answer {
    let now = app.clock.now();
    let source = app.db.write(move |conn| source::ensure(conn, &form.0, now)).await?;
    ok(&SourceView::from(source))
}
