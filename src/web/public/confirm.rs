//! The link of a confirmation mail. Opening it shows a button; only pressing it grants (O-08).

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};

use crate::app::App;
use crate::domain::consent::{confirmation, lock};
use crate::domain::intake::confirm::{Asked, Ended, Standing, look, press};
use crate::domain::intake::{Detail, Item};
use crate::error::{Problem, Result};
use crate::i18n::{Lang, Message, Saying};
use crate::secret::{hex, sha256};
use crate::token::{ConfirmLink, PreferencesLink};
use crate::web::form::{Form, FormError};
use crate::web::language::Spoken;
use crate::web::page::{BrandView, ConfirmExpiredPage, ConfirmPage, ConfirmedPage, Fact};
use crate::web::problem::{PageError, page, page_with};
use crate::web::public::view::brand_view;
use crate::web::public::{choices_url, open};

/// `GET /confirm/{token}`: what it is about, and one button.
///
/// # Errors
/// If the link is not one of ours.
pub async fn show(
    app: web::Data<App>,
    token: web::Path<String>,
    spoken: Spoken,
) -> Result<HttpResponse, PageError> {
    let ConfirmLink { confirmation: id } = open(&app, &token)?;
    let now = app.clock.now();
    let (asked, view) = app
        .db
        .read(move |conn| {
            let asked = look(conn, id, now)?;
            let view = brand_view(conn, &asked.brand)?;
            Ok((asked, view))
        })
        .await?;
    answer(&app, &token, spoken, asked, view, None)
}

/// `POST /confirm/{token}`: the button was pressed. Where its page showed another list than is asked for now, or the form
/// does not say which list was shown, the page is shown anew, and nothing is changed.
///
/// # Errors
/// If the link is not one of ours.
pub async fn post(
    app: web::Data<App>,
    token: web::Path<String>,
    spoken: Spoken,
    form: Result<Form, FormError>,
) -> Result<HttpResponse, PageError> {
    let ConfirmLink { confirmation: id } = open(&app, &token)?;
    let now = app.clock.now();
    let form = form?;
    let shown = form.one("list")?.map(str::to_owned);
    let spoken = spoken.in_form(&form);
    let (asked, view, refused) = app
        .db
        .write(move |conn| {
            let waiting = look(conn, id, now)?;
            // First the lock and then the look that counts: between the two something could be added.
            lock(conn, waiting.subscriber)?;
            let waiting = look(conn, id, now)?;
            let view = brand_view(conn, &waiting.brand)?;
            let refused = match (&waiting.state, &shown) {
                (Standing::Open(..), None) => Some(Refused::Unread),
                (Standing::Open(items, details), Some(shown)) if *shown != list(items, details) => {
                    Some(Refused::Changed)
                }
                _ => None,
            };
            let asked = if refused.is_some() { waiting } else { press(conn, id, now)? };
            Ok((asked, view, refused))
        })
        .await?;
    answer(&app, &token, spoken, asked, view, refused)
}

/// Why a press confirmed nothing.
#[derive(Clone, Copy)]
enum Refused {
    /// Another list was shown.
    Changed,
    /// It does not say which list was shown, so nobody may have read any.
    Unread,
}

impl Refused {
    fn say(self) -> (StatusCode, Message) {
        match self {
            Self::Changed => (StatusCode::CONFLICT, Message::new("problem-choices-changed")),
            Self::Unread => (StatusCode::UNPROCESSABLE_ENTITY, Message::new("problem-list-unread")),
        }
    }
}

/// Stands for all that a button confirms, in whatever language it is shown: also for what is shown only in part.
fn list(items: &[Item], details: &[Detail]) -> String {
    let items = items.iter().map(|item| item.say(Lang::English));
    let details = details.iter().map(|detail| format!("{}={}", detail.field, detail.value));
    hex(&sha256(items.chain(details).collect::<Vec<_>>().join("\n").as_bytes()))
}

fn answer(
    app: &App,
    token: &str,
    spoken: Spoken,
    asked: Asked,
    brand: BrandView,
    refused: Option<Refused>,
) -> Result<HttpResponse, PageError> {
    let lang = spoken.at(asked.brand.lang()).to(asked.language);
    let words = |items: Vec<Item>| items.iter().map(|item| item.say(lang)).collect();
    match asked.state {
        Standing::Open(items, details) => {
            let (status, why) = refused.map(Refused::say).unzip();
            let why = why.map(|why| Problem::said("", why).in_language(lang));
            let view = ConfirmPage {
                lang,
                brand,
                action: format!("/confirm/{token}"),
                list: list(&items, &details),
                items: words(items),
                details: details
                    .iter()
                    .map(|detail| detail.say(lang))
                    .map(|(l, v)| Fact::new(l, v))
                    .collect(),
                errors: why.into_iter().collect(),
            };
            page_with(status.unwrap_or(StatusCode::OK), &view)
        }
        Standing::Confirmed(items) => {
            let link = PreferencesLink { brand: asked.brand.id, subscriber: asked.subscriber, campaign: 0 };
            let preferences_url = choices_url(&app.keys, &link);
            page(&ConfirmedPage { lang, brand, items: words(items), preferences_url })
        }
        Standing::Ended(why) => {
            let (heading, lead) = ended(lang, &brand, why);
            let view = ConfirmExpiredPage {
                lang,
                heading: heading.to_string(),
                lead: lead.to_string(),
                sign_up_url: match asked.form {
                    Some(form) => format!("/b/{}/sign-up/{form}", asked.brand.slug),
                    None => format!("/b/{}/sign-up", asked.brand.slug),
                },
                link_url: brand.link_url(),
                brand,
            };
            page_with(StatusCode::GONE, &view)
        }
    }
}

/// The heading and the reason of a link that does nothing any more.
fn ended(lang: Lang, brand: &BrandView, why: Ended) -> (Saying, Saying) {
    let lead = match why {
        Ended::TooOld => lang.say("expired-lead").with("days", confirmation::VALID_DAYS),
        Ended::Stopped => lang.say("ended-lead").with("brand", &brand.name),
        Ended::Moved => lang.say("ended-moved"),
        Ended::Outdated => lang.say("outdated-lead").with("brand", &brand.name),
    };
    (if why == Ended::TooOld { lang.say("expired-heading") } else { lang.say("ended-heading") }, lead)
}
