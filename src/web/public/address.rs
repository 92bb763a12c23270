//! `/a/{token}`: the link that was mailed to a person's new address. Opening it shows a button; only pressing it changes the
//! address.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};

use crate::app::App;
use crate::db::DbConnection;
use crate::domain::privacy::address_change::{self, Looked, Standing};
use crate::error::Result;
use crate::i18n::Lang;
use crate::token::{AddressChangeLink, PreferencesLink};
use crate::web::form::{Form, FormError};
use crate::web::language::Spoken;
use crate::web::page::{AddressChangedPage, AddressConfirmPage, AddressTakenPage, BrandView, Gone};
use crate::web::problem::{PageError, page, page_with};
use crate::web::public::view::brand_view;
use crate::web::public::{choices_url, gone, open};

/// `GET /a/{token}`: what it is about, and one button.
///
/// # Errors
/// 404 for a token that is not ours and for a person who was erased; 410 for a link that is too old or that a later one
/// took the place of.
pub async fn show(
    app: web::Data<App>,
    token: web::Path<String>,
    spoken: Spoken,
) -> Result<HttpResponse, PageError> {
    let link: AddressChangeLink = open(&app, &token)?;
    let (keys, now) = (app.keys.clone(), app.clock.now());
    let (looked, view) = app
        .db
        .read(move |conn| {
            let looked = address_change::look(conn, &keys, link.change, now)?;
            let view = brand_view(conn, &looked.brand)?;
            Ok((looked, view))
        })
        .await?;
    let lang = language(&looked, spoken);
    answer(&app, &token, lang, looked, view)
}

/// `POST /a/{token}`: the button was pressed. Pressed again it says the same.
///
/// # Errors
/// As [`show`]; 400, 413 or 415 for a form that is not this page's, and nothing is changed; 409 with a page that says what to
/// do if the address has an owner by now.
pub async fn press(
    app: web::Data<App>,
    token: web::Path<String>,
    spoken: Spoken,
    form: Result<Form, FormError>,
) -> Result<HttpResponse, PageError> {
    let link: AddressChangeLink = open(&app, &token)?;
    let form = form?;
    let spoken = spoken.in_form(&form);
    let (keys, now) = (app.keys.clone(), app.clock.now());
    let work = move |conn: &mut DbConnection| {
        let lang = language(&address_change::look(conn, &keys, link.change, now)?, spoken);
        let pressed = address_change::press(conn, &keys, link.change, lang, now)?;
        let view = brand_view(conn, &pressed.brand)?;
        Ok((pressed, view, lang))
    };
    let (pressed, view, lang) = app.db.write(work).await?;
    app.wake();
    answer(&app, &token, lang, pressed, view)
}

/// The language of whoever typed the address, where nobody asks for another.
fn language(looked: &Looked, spoken: Spoken) -> Lang {
    spoken.at(looked.brand.lang()).to(looked.wish.lang().or(looked.person.lang()))
}

fn answer(
    app: &App,
    token: &str,
    lang: Lang,
    looked: Looked,
    brand: BrandView,
) -> Result<HttpResponse, PageError> {
    let masked = looked.person.masked_email();
    match looked.standing {
        Standing::Open(new) => page(&AddressConfirmPage {
            lang,
            brand,
            action: format!("/a/{token}"),
            old: masked,
            new: new.masked(),
            wording: address_change::wording(&looked.brand, lang),
        }),
        Standing::Done { refused } => {
            let link = PreferencesLink { brand: looked.brand.id, subscriber: looked.person.id, campaign: 0 };
            page(&AddressChangedPage {
                lang,
                brand,
                address: masked,
                refused,
                preferences_url: choices_url(&app.keys, &link),
            })
        }
        Standing::Taken => {
            let link_url = brand.link_url();
            page_with(StatusCode::CONFLICT, &AddressTakenPage { lang, brand, link_url })
        }
        Standing::TooOld => gone(lang, brand, Gone::ChangeTooOld(address_change::VALID_HOURS)),
        Standing::Overtaken => gone(lang, brand, Gone::Overtaken),
    }
}
