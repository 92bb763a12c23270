//! `/u/{token}`: one click ends all marketing email of a brand (RFC 8058). Looking changes nothing (M-04).
//!
//! The POST needs no cookie, login or confirmation and answers without redirect (M-03). There is no limit of
//! requests here: a click must never be lost.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};

use crate::app::App;
use crate::db::DbConnection;
use crate::domain::audience::{Subscriber, subscriber};
use crate::domain::catalog::brand;
use crate::domain::consent::Method;
use crate::domain::preferences::{self, Unsubscribed, Way};
use crate::error::{Result, if_there};
use crate::token::{ReceiptLink, UnsubscribeLink};
use crate::web::form::{Form, FormError};
use crate::web::language::{Spoken, untold};
use crate::web::page::{UnsubscribePage, UnsubscribedPage};
use crate::web::problem::{PageError, page};
use crate::web::public::result::result_page;
use crate::web::public::view::brand_view;
use crate::web::public::{choices_url, open};

/// `GET /u/{token}`: says what would stop, and shows the one button.
///
/// # Errors
/// 404 for a token that is not ours.
pub async fn show(
    app: web::Data<App>,
    token: web::Path<String>,
    spoken: Spoken,
) -> Result<HttpResponse, PageError> {
    let link: UnsubscribeLink = open(&app, &token)?;
    let action = format!("/u/{token}");
    let preferences_url = choices_url(&app.keys, &link.preferences());
    let view = app
        .db
        .read(move |conn| {
            let (brand, person) = (brand::get(conn, link.brand)?, person(conn, &link)?);
            let lang = spoken.at(brand.lang()).to(person.as_ref().and_then(Subscriber::lang));
            Ok(UnsubscribePage {
                lang,
                action,
                scope: preferences::unsubscribe_scope(&brand, lang),
                preferences_url: if person.is_some() { preferences_url } else { String::new() },
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
    spoken: Spoken,
    form: Result<Form, FormError>,
) -> Result<HttpResponse, PageError> {
    let link: UnsubscribeLink = open(&app, &token)?;
    let form = form?;
    if !says_one_click(&form) {
        return Ok(untold(StatusCode::BAD_REQUEST, None));
    }
    let on_page = form.all(UnsubscribePage::ON_PAGE).next().is_some();
    let method = if on_page { Method::UnsubscribePage } else { Method::OneClick };
    let now = app.clock.now();
    let spoken = spoken.in_form(&form);
    let (outcome, brand, lang) = app
        .db
        .write(move |conn| {
            let spoken = spoken.at(brand::get(conn, link.brand)?.lang());
            let lang = spoken.to(person(conn, &link)?.as_ref().and_then(Subscriber::lang));
            let way = Way { method, page: on_page.then_some(lang) };
            let outcome = preferences::unsubscribe(conn, &link, way, now)?;
            let brand = brand_view(conn, &outcome.brand)?;
            Ok((outcome, brand, lang))
        })
        .await?;
    if !on_page {
        return Ok(HttpResponse::Ok().content_type("text/plain; charset=utf-8").body("unsubscribed\n"));
    }
    let Unsubscribed { brand: stored, continues, known, act, .. } = outcome;
    if let Some(act) = act {
        // Shown at once and not redirected to: an answer to this address is never a redirect (M-03).
        return page(&result_page(&app, ReceiptLink { act: act.id }, spoken, Vec::new()).await?);
    }
    page(&UnsubscribedPage {
        lang,
        brand,
        scope: preferences::unsubscribe_scope(&stored, lang),
        continues: continues.iter().map(|choice| choice.say(lang)).collect(),
        preferences_url: if known { choices_url(&app.keys, &link.preferences()) } else { String::new() },
    })
}

/// Exactly the key and the value of RFC 8058, section 3.1; further fields may be there.
fn says_one_click(form: &Form) -> bool {
    let mut values = form.all("List-Unsubscribe").peekable();
    values.peek().is_some() && values.all(|value| value == "One-Click")
}

/// The person, as long as they have choices to look at.
fn person(conn: &mut DbConnection, link: &UnsubscribeLink) -> Result<Option<Subscriber>> {
    Ok(if_there(subscriber::get(conn, link.subscriber))?.filter(|person| person.erased_at.is_none()))
}
