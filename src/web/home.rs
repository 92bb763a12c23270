//! The front page of the server and the one style sheet.

use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use actix_web::{HttpResponse, web};

use crate::app::App;
use crate::domain::catalog::brand;
use crate::web::language::Spoken;
use crate::web::page::{HomePage, Link, PAGE_CSS};
use crate::web::problem::{PageError, page};

/// What this server is, and the brands' sign-up forms.
pub async fn home(app: web::Data<App>, spoken: Spoken) -> Result<HttpResponse, PageError> {
    let lang = spoken.to(None);
    let brands = app.db.read(|conn| brand::list(conn, 0, 100)).await?;
    let sign_up = |brand: brand::Brand| {
        Link::new(
            format!("/b/{}/sign-up", brand.slug),
            brand.name.clone(),
            lang.say("home-hear-from").with("brand", &brand.name).to_string(),
        )
    };
    page(&HomePage {
        lang,
        brands: brands.into_iter().map(sign_up).collect(),
        links: vec![Link::new(
            "/api/docs",
            lang.say("home-api").to_string(),
            lang.say("home-api-hint").to_string(),
        )],
    })
}

/// The style sheet of all pages; kept by browsers for an hour.
pub async fn style() -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "text/css; charset=utf-8"))
        .insert_header((CACHE_CONTROL, "public, max-age=3600"))
        .body(PAGE_CSS)
}
