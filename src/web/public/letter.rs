//! `/v/{token}`: a letter in the browser, and what all letters have in common that are shown as pages.
//!
//! A letter is a document that its author wrote, so it runs in a sandbox without scripts, forms or an origin of ours.
//! Its pictures may lie elsewhere, and whoever serves them would learn that somebody looks, and from where: a pixel by
//! another name. So they are shown only on demand, from exactly the hosts that the page names (SEC-02).

use actix_web::http::header::{CONTENT_LANGUAGE, CONTENT_SECURITY_POLICY, VARY};
use actix_web::{HttpResponse, web};
use serde::Deserialize;

use crate::app::App;
use crate::domain::campaign::view;
use crate::error::Result;
use crate::i18n::Saying;
use crate::mail::shown;
use crate::token::ViewLink;
use crate::web::language::Spoken;
use crate::web::page::{LetterBar, Link, render};
use crate::web::problem::PageError;
use crate::web::public::open;

/// What may be asked of a letter's page.
#[derive(Debug, Default, Deserialize)]
pub struct LetterQuery {
    /// `shown` loads pictures from where they are.
    #[serde(default)]
    pictures: Option<String>,
}

impl LetterQuery {
    pub(super) fn shows_pictures(&self) -> bool {
        self.pictures.as_deref() == Some("shown")
    }
}

/// `GET /v/{token}`: the letter, without anything about the person who got it.
///
/// # Errors
/// 404 for a token that is not ours.
pub async fn show(
    app: web::Data<App>,
    token: web::Path<String>,
    spoken: Spoken,
    query: web::Query<LetterQuery>,
) -> Result<HttpResponse, PageError> {
    let link: ViewLink = open(&app, &token)?;
    let keys = app.keys.clone();
    let letter = app.db.read(move |conn| view::letter(conn, &keys, &link)).await?;
    let lang = spoken.at(letter.written_in).to(None);
    let slug = letter.brand.slug;
    let to = |place: &str, text: Saying| Link::new(format!("/b/{slug}/{place}"), text.to_string(), "");
    let archive = letter.is_archived.then(|| to("archive", lang.say("archive-all")));
    let bar = LetterBar {
        lang,
        brand: letter.brand.name,
        day: String::new(),
        links: [to("link", lang.say("link-title"))].into_iter().chain(archive).collect(),
        hosts: Vec::new(),
        shows_pictures: query.shows_pictures(),
    };
    letter_page(&letter.html, &letter.subject, &letter.brand.base_url, bar)
}

/// A letter's document under its bar. `base_url` is where the brand's own pictures lie, such as its logo.
///
/// # Errors
/// If the template fails.
pub(super) fn letter_page(
    html: &str,
    subject: &str,
    base_url: &str,
    bar: LetterBar,
) -> Result<HttpResponse, PageError> {
    let origins = shown::picture_origins(html, base_url)?;
    let hosts = origins.iter().filter_map(|origin| origin.split_once("://")).map(|(_, host)| host.to_owned());
    let bar = LetterBar { hosts: hosts.collect(), ..bar };
    let policy = policy(base_url, if bar.shows_pictures { &origins } else { &[] });
    let page = shown::as_page(html, subject, &render(&bar)?)?;
    Ok(HttpResponse::Ok()
        .content_type("text/html; charset=utf-8")
        .insert_header((CONTENT_SECURITY_POLICY, policy))
        .insert_header((CONTENT_LANGUAGE, bar.lang.tag()))
        .insert_header((VARY, "Accept-Language"))
        .body(page))
}

/// No script, no form, no frame, nothing loaded but pictures of ours and of `origins`, and no origin of ours for it.
fn policy(base_url: &str, origins: &[String]) -> String {
    let pictures = origins.iter().fold(format!("'self' data: {base_url}"), |all, origin| all + " " + origin);
    format!(
        "default-src 'none'; style-src 'unsafe-inline'; img-src {pictures}; form-action 'none'; base-uri 'none'; \
         frame-ancestors 'none'; sandbox allow-popups allow-popups-to-escape-sandbox \
         allow-top-navigation-by-user-activation"
    )
}
