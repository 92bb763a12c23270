//! A tracked link: sends on to where the campaign's author wanted, and nowhere else (O-13, O-14).
//!
//! The destination comes from the stored link, never from the request. With the link in memory no database is
//! needed; an old link that is not gets the page for a database that does not answer.

use actix_web::dev::RequestHead;
use actix_web::http::header::{CACHE_CONTROL, HeaderValue, LOCATION, REFERRER_POLICY};
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;

use crate::app::App;
use crate::domain::tracking::Hit;
use crate::domain::tracking::links::Destination;
use crate::error::Error;
use crate::token::ClickLink;
use crate::web::page::render;
use crate::web::problem::PageError;
use crate::web::public::watch;

/// What a program shows that does not follow redirects by itself: the address alone, which is the same in each language.
#[derive(Template)]
#[template(
    source = r#"<!DOCTYPE html><html lang=""><meta charset="utf-8"><title>{{ url }}</title><p><a href="{{ url }}">{{ url }}</a></p></html>"#,
    ext = "html"
)]
struct Onwards<'a> {
    url: &'a str,
}

/// `GET /c/{token}`.
///
/// # Errors
/// The page for what is not there, if the token is not one of a link of ours; the one for a database that does not
/// answer, if only the database knows the link.
pub async fn click(request: HttpRequest, app: web::Data<App>) -> Result<HttpResponse, PageError> {
    let not_found = || Error::NotFound("page");
    let token = request.match_info().get("token").unwrap_or_default();
    let followed: ClickLink = app.keys.open(token).ok_or_else(not_found)?;
    let destination = app.links.find(&app.db, followed.link).await?.ok_or_else(not_found)?;
    answer(request.head(), &app, followed, &destination).await
}

/// Hands over what the request says and sends it on, stored or not.
///
/// # Errors
/// The page for what is not there, if no header can name the destination.
pub(in crate::web) async fn answer(
    request: &RequestHead,
    app: &App,
    followed: ClickLink,
    destination: &Destination,
) -> Result<HttpResponse, PageError> {
    let location =
        HeaderValue::from_bytes(destination.url.as_bytes()).map_err(|_| Error::NotFound("page"))?;
    let ClickLink { link, subscriber } = followed;
    let hit =
        Hit { campaign: destination.campaign, link: Some(link), subscriber, at: app.clock.now(), sign: None };
    watch::record(request, app, hit).await;
    Ok(HttpResponse::Found()
        .content_type("text/html; charset=utf-8")
        .insert_header((LOCATION, location))
        .insert_header((CACHE_CONTROL, HeaderValue::from_static("no-store")))
        .insert_header((REFERRER_POLICY, HeaderValue::from_static("no-referrer")))
        .body(render(&Onwards { url: &destination.url })?))
}
