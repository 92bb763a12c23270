//! `/u/{token}`: one click ends all marketing email of a brand (RFC 8058). Looking changes nothing (M-04).
//!
//! The POST needs no cookie, login or confirmation and answers without redirect (M-03). There is no limit of
//! requests here: a click must never be lost.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, ResponseError, web};

use crate::app::App;
use crate::db::DbConnection;
use crate::domain::audience::subscriber;
use crate::domain::catalog::brand;
use crate::domain::consent::Method;
use crate::domain::preferences::{self, Unsubscribed};
use crate::error::{Error, Result};
use crate::token::{PreferencesLink, UnsubscribeLink};
use crate::web::form::{Form, FormError};
use crate::web::page::{ProblemPage, UnsubscribePage, UnsubscribedPage};
use crate::web::problem::{PageError, page, page_with};
use crate::web::public::open;
use crate::web::public::view::brand_view;

/// `GET /u/{token}`: says what would stop, and shows the one button.
///
/// # Errors
/// 404 for a token that is not ours.
pub async fn show(app: web::Data<App>, token: web::Path<String>) -> Result<HttpResponse, PageError> {
    let link: UnsubscribeLink = open(&app, &token)?;
    let action = format!("/u/{token}");
    let preferences_url = preferences_url(&app, &link);
    let view = app
        .db
        .read(move |conn| {
            let brand = brand::get(conn, link.brand)?;
            Ok(UnsubscribePage {
                action,
                scope: preferences::unsubscribe_scope(&brand),
                preferences_url: if is_known(conn, &link)? { preferences_url } else { String::new() },
                brand: brand_view(conn, &brand)?,
            })
        })
        .await?;
    page(&view)
}

/// `POST /u/{token}` with `List-Unsubscribe=One-Click` in the body: ends it. A mail program gets a word, the page's
/// own button a page.
///
/// # Errors
/// 404 for a token that is not ours; 400, 413 or 415 for a body that does not say so, and nothing is changed.
pub async fn press(
    app: web::Data<App>,
    token: web::Path<String>,
    form: Result<Form, FormError>,
) -> Result<HttpResponse, PageError> {
    let link: UnsubscribeLink = open(&app, &token)?;
    let form = match form {
        Ok(form) => form,
        Err(error) => return Ok(error.error_response()),
    };
    if !says_one_click(&form) {
        return page_with(StatusCode::BAD_REQUEST, &ProblemPage::for_status(400, None));
    }
    let on_page = form.all(UnsubscribePage::ON_PAGE).next().is_some();
    let method = if on_page { Method::UnsubscribePage } else { Method::OneClick };
    let now = app.clock.now();
    let (outcome, brand) = app
        .db
        .write(move |conn| {
            let outcome = preferences::unsubscribe(conn, &link, method, now)?;
            let brand = brand_view(conn, &outcome.brand)?;
            Ok((outcome, brand))
        })
        .await?;
    if !on_page {
        return Ok(HttpResponse::Ok().content_type("text/plain; charset=utf-8").body("unsubscribed\n"));
    }
    let Unsubscribed { brand: stored, continues, known, .. } = outcome;
    page(&UnsubscribedPage {
        brand,
        scope: preferences::unsubscribe_scope(&stored),
        continues: continues.iter().map(ToString::to_string).collect(),
        preferences_url: if known { preferences_url(&app, &link) } else { String::new() },
    })
}

/// Exactly the key and the value of RFC 8058, section 3.1; further fields may be there.
fn says_one_click(form: &Form) -> bool {
    let mut values = form.all("List-Unsubscribe").peekable();
    values.peek().is_some() && values.all(|value| value == "One-Click")
}

fn preferences_url(app: &App, link: &UnsubscribeLink) -> String {
    let link = PreferencesLink { brand: link.brand, subscriber: link.subscriber, campaign: link.campaign };
    format!("/p/{}", app.keys.seal(&link))
}

/// Whether the person still has choices to look at.
fn is_known(conn: &mut DbConnection, link: &UnsubscribeLink) -> Result<bool> {
    match subscriber::get(conn, link.subscriber) {
        Ok(person) => Ok(person.erased_at.is_none()),
        Err(Error::NotFound(_)) => Ok(false),
        Err(error) => Err(error),
    }
}
