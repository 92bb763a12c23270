//! The link of a confirmation mail. Opening it shows a button; only pressing it grants (O-08).

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};

use crate::app::App;
use crate::domain::consent::confirmation;
use crate::domain::intake::Item;
use crate::domain::intake::confirm::{Asked, Standing, look, press};
use crate::error::{Error, Result};
use crate::token::{ConfirmLink, PreferencesLink};
use crate::web::language::Spoken;
use crate::web::page::{BrandView, ConfirmExpiredPage, ConfirmPage, ConfirmedPage};
use crate::web::problem::{PageError, page, page_with};
use crate::web::public::view::brand_view;

/// `GET /confirm/{token}`: what it is about, and one button.
///
/// # Errors
/// If the link is not one of ours.
pub async fn show(
    app: web::Data<App>,
    token: web::Path<String>,
    spoken: Spoken,
) -> Result<HttpResponse, PageError> {
    let (id, now) = (open(&app, &token)?, app.clock.now());
    let (asked, view) = app
        .db
        .read(move |conn| {
            let asked = look(conn, id, now)?;
            let view = brand_view(conn, &asked.brand)?;
            Ok((asked, view))
        })
        .await?;
    answer(&app, &token, spoken, asked, view)
}

/// `POST /confirm/{token}`: the button was pressed.
///
/// # Errors
/// If the link is not one of ours.
pub async fn post(
    app: web::Data<App>,
    token: web::Path<String>,
    spoken: Spoken,
) -> Result<HttpResponse, PageError> {
    let (id, now) = (open(&app, &token)?, app.clock.now());
    let (asked, view) = app
        .db
        .write(move |conn| {
            let asked = press(conn, id, now)?;
            let view = brand_view(conn, &asked.brand)?;
            Ok((asked, view))
        })
        .await?;
    answer(&app, &token, spoken, asked, view)
}

fn open(app: &App, token: &str) -> Result<i64> {
    let link: ConfirmLink = app.keys.open(token).ok_or(Error::NotFound("link"))?;
    Ok(link.confirmation)
}

fn answer(
    app: &App,
    token: &str,
    spoken: Spoken,
    asked: Asked,
    brand: BrandView,
) -> Result<HttpResponse, PageError> {
    let lang = spoken.at(asked.brand.lang()).to(asked.language);
    let words = |items: Vec<Item>| items.iter().map(|item| item.say(lang)).collect();
    match asked.state {
        Standing::Open(items) => {
            page(&ConfirmPage { lang, brand, action: format!("/confirm/{token}"), items: words(items) })
        }
        Standing::Confirmed(items) => {
            let link = PreferencesLink { brand: asked.brand.id, subscriber: asked.subscriber, campaign: 0 };
            let preferences_url = format!("/p/{}", app.keys.seal(&link));
            page(&ConfirmedPage { lang, brand, items: words(items), preferences_url })
        }
        Standing::Expired => page_with(
            StatusCode::GONE,
            &ConfirmExpiredPage {
                lang,
                sign_up_url: format!("/b/{}/sign-up", asked.brand.slug),
                brand,
                valid_days: confirmation::VALID_DAYS,
            },
        ),
    }
}
