//! What people touch, mostly by a signed link: one file per page. No cookies and no login; the only script is that of the
//! sign-up forms, which work without it.

pub mod address;
pub mod archive;
pub mod click;
pub mod confirm;
pub mod data;
mod held;
pub mod letter;
pub mod link;
pub mod logo;
pub mod notice;
pub mod pixel;
pub mod preferences;
pub mod report;
pub mod result;
pub mod sign_up;
pub mod unsubscribe;
pub mod view;
mod watch;
mod wish;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;

use crate::app::App;
use crate::error::{Error, Result};
use crate::i18n::Lang;
use crate::token::{Keys, Link, PreferencesLink};
use crate::web::page::{BrandView, Gone, LinkGonePage};
use crate::web::problem::{PageError, page_with};

/// What a link's token stands for. A token that is not ours, was altered or belongs to another page finds the same
/// as any wrong address (SEC-03, SEC-05).
fn open<L: Link>(app: &App, token: &str) -> Result<L> {
    app.keys.open(token).ok_or(Error::NotFound("page"))
}

/// Where a person shows and changes their choices.
fn choices_url(keys: &Keys, link: &PreferencesLink) -> String {
    format!("/p/{}", keys.seal(link))
}

/// The page of a link that is ours and good for nothing any more.
fn gone(lang: Lang, brand: BrandView, why: Gone) -> Result<HttpResponse, PageError> {
    page_with(StatusCode::GONE, &LinkGonePage { lang, link_url: brand.link_url(), brand, why })
}
