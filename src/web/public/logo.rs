//! A brand's logo, as its pages and letters show it.

use actix_web::http::header::CACHE_CONTROL;
use actix_web::{HttpResponse, web};

use crate::app::App;
use crate::domain::catalog::{brand, logo};
use crate::id::Slug;
use crate::web::problem::PageError;

/// `GET /b/{brand}/logo.png`: the picture, kept by browsers for an hour; letters show it too, so it may be embedded
/// anywhere.
pub async fn show(app: web::Data<App>, slug: web::Path<Slug>) -> Result<HttpResponse, PageError> {
    let png = app
        .db
        .read(move |conn| {
            let brand = brand::find(conn, slug.as_str())?;
            logo::load(conn, brand.id)
        })
        .await?;
    Ok(HttpResponse::Ok()
        .content_type("image/png")
        .insert_header((CACHE_CONTROL, "public, max-age=3600"))
        .insert_header(("cross-origin-resource-policy", "cross-origin"))
        .body(png))
}
