//! The front page of the server, and what all pages share: style sheets, the script of the sign-up forms, the icon.

use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use actix_web::{HttpRequest, HttpResponse, web};

use crate::app::App;
use crate::domain::catalog::{Brand, brand, host};
use crate::id::Slug;
use crate::web::language::Spoken;
use crate::web::own_host::asked_host;
use crate::web::page::{DESK_CSS, HomePage, Link, PAGE_CSS, PROOF_JS};
use crate::web::problem::{PageError, page};

/// What this server is, and the brands' sign-up forms.
pub async fn home(app: web::Data<App>, spoken: Spoken, http: HttpRequest) -> Result<HttpResponse, PageError> {
    let lang = spoken.to(None);
    let asked = asked_host(&app, &http);
    let brands = app
        .db
        .read(move |conn| {
            // A host that belongs to brands shows those; any other, such as the operator's own, shows all.
            if let Some(owner) = host::owner(conn, &asked)? {
                return Ok(vec![brand::get(conn, owner)?]);
            }
            let mut brands = brand::list(conn, 0, 100)?;
            let is_here = |brand: &Brand| brand.host().as_ref() == Some(&asked);
            if brands.iter().any(is_here) {
                brands.retain(is_here);
            }
            Ok(brands)
        })
        .await?;
    let sign_up = |brand: Brand| {
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

/// The style sheet of people's pages; kept by browsers for an hour.
pub async fn style() -> HttpResponse {
    style_sheet(PAGE_CSS.clone())
}

/// The style sheet of operators' and programmers' pages.
pub async fn desk_style() -> HttpResponse {
    style_sheet(DESK_CSS.clone())
}

/// `GET /b/{brand}/page.css`: the style sheet in a brand's colours, so that a page needs no second one. Its address
/// changes with the colours.
///
/// # Errors
/// If there is no such brand.
pub async fn brand_style(app: web::Data<App>, slug: web::Path<Slug>) -> Result<HttpResponse, PageError> {
    let brand = app.db.read(move |conn| brand::find(conn, slug.as_str())).await?;
    Ok(style_sheet([&PAGE_CSS, &*brand.style()].concat()))
}

fn style_sheet(text: String) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "text/css; charset=utf-8"))
        .insert_header((CACHE_CONTROL, "public, max-age=3600"))
        .body(text)
}

/// `GET /assets/proof.js`: the script of the sign-up forms.
pub async fn proof_script() -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "text/javascript; charset=utf-8"))
        .insert_header((CACHE_CONTROL, "public, max-age=3600"))
        .body(PROOF_JS)
}

/// `GET /favicon.ico`: browsers ask for it unasked; there is none, and they need not ask again for a day.
pub async fn icon() -> HttpResponse {
    HttpResponse::NoContent().insert_header((CACHE_CONTROL, "public, max-age=86400")).finish()
}
