//! "Send me my link": the same answer to everyone; only whom the brand knows gets a mail (SEC-05).

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};

use crate::app::App;
use crate::domain::catalog::brand;
use crate::domain::intake::request;
use crate::domain::outbox::Kind;
use crate::email_address::EmailAddress;
use crate::error::Result;
use crate::id::Slug;
use crate::web::form::Form;
use crate::web::language::Spoken;
use crate::web::limit::Limits;
use crate::web::page::{BrandView, LinkRequestDonePage, LinkRequestPage};
use crate::web::problem::{PageError, page, page_with};
use crate::web::public::view::brand_view;

/// `GET /b/{brand}/link`: the form.
///
/// # Errors
/// If there is no such brand.
pub async fn show(
    app: web::Data<App>,
    slug: web::Path<Slug>,
    spoken: Spoken,
) -> Result<HttpResponse, PageError> {
    let (_, view) = load(&app, slug.into_inner()).await?;
    page(&LinkRequestPage {
        lang: spoken.at(view.language).to(None),
        action: view.link_url(),
        brand: view,
        email: String::new(),
        errors: Vec::new(),
    })
}

/// `POST /b/{brand}/link`.
///
/// # Errors
/// If there is no such brand, or too much was posted.
pub async fn post(
    app: web::Data<App>,
    limits: web::Data<Limits>,
    slug: web::Path<Slug>,
    http: HttpRequest,
    spoken: Spoken,
    posted: Form,
) -> Result<HttpResponse, PageError> {
    limits.form(&http)?;
    let (brand, view) = load(&app, slug.into_inner()).await?;
    let lang = spoken.in_form(&posted).at(view.language).to(None);
    let typed = posted.text("email")?;
    let email = match EmailAddress::parse(&typed) {
        Ok(email) => email,
        Err(problem) => {
            let form = LinkRequestPage {
                lang,
                action: view.link_url(),
                brand: view,
                email: typed,
                errors: vec![problem.in_language(lang)],
            };
            return page_with(StatusCode::UNPROCESSABLE_ENTITY, &form);
        }
    };
    limits.address(&email)?;
    let now = app.clock.now();
    app.db.write(move |conn| request::leave_link(conn, brand, Kind::PreferencesLink, &email, now)).await?;
    app.wake();
    page(&LinkRequestDonePage { lang, brand: view })
}

async fn load(app: &App, slug: Slug) -> Result<(i64, BrandView)> {
    app.db
        .read(move |conn| {
            let brand = brand::find(conn, slug.as_str())?;
            Ok((brand.id, brand_view(conn, &brand)?))
        })
        .await
}
