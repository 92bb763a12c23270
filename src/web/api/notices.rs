//! Privacy notices: added by version, and never changed.

use actix_web::web;

use crate::app::App;
use crate::domain::catalog::brand;
use crate::domain::catalog::notice::{self, Edition, NoticeForm};
use crate::id::Slug;
use crate::web::api::body::Body;
use crate::web::api::paging::Page;
use crate::web::api::{Answer, created, ok};

/// List a brand's privacy notices
///
/// All that are kept here, in the order in which they come into force; none where the brand keeps its notice elsewhere.
#[utoipa::path(get, path = "/api/v1/brands/{brand}/notices", operation_id = "list_notices", tag = "Brands",
    params(("brand" = Slug, Path, description = "The brand's slug")),
    responses((status = 200, description = "The notices, all on one page", body = Page<Edition>)))]
pub async fn list(app: web::Data<App>, slug: web::Path<Slug>) -> Answer {
    let items = app
        .db
        .read(move |conn| {
            let brand = brand::find(conn, slug.as_str())?;
            notice::of_brand(conn, &brand)
        })
        .await?;
    ok(&Page { items, next: None })
}

/// Add a privacy notice
///
/// A new version, or another language of one. From its day on the brand's `policy_version` and `policy_url` name it,
/// and so does all evidence of consent. It cannot be changed or taken back: what people read stays what they read.
#[utoipa::path(post, path = "/api/v1/brands/{brand}/notices", operation_id = "add_notice", tag = "Brands",
    params(("brand" = Slug, Path, description = "The brand's slug")), request_body = NoticeForm,
    responses((status = 201, description = "The notice", body = Edition),
        (status = 409, description = "The version is there in this language already")))]
pub async fn add(app: web::Data<App>, slug: web::Path<Slug>, form: Body<NoticeForm>) -> Answer {
    let now = app.clock.now();
    let added = app
        .db
        .write(move |conn| {
            let brand = brand::find(conn, slug.as_str())?;
            notice::add(conn, &brand, &form.0, now)
        })
        .await?;
    created(&added.url, &added)
}
