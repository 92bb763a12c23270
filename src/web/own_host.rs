//! Hosts at which a brand is alone: whatever belongs to another brand is not found there, as if it did not exist.
//!
//! What stops and what leads on works at every host, so that no old letter loses its way out: unsubscribing, the pixel
//! and the redirect. A host that no brand has for itself, such as the operator's own or an address of the network,
//! shows all.

use actix_web::HttpRequest;
use actix_web::http::header::HOST;
use actix_web::http::uri::Authority;

use crate::app::App;
use crate::clock::Moment;
use crate::db::DbConnection;
use crate::domain::campaign;
use crate::domain::catalog::{brand, host};
use crate::domain::consent::confirmation;
use crate::domain::preferences::act;
use crate::domain::privacy::address_change;
use crate::error::{Result, if_there};
use crate::token::{
    AddressChangeLink, ConfirmLink, DataRequestLink, Keys, Link, PreferencesLink, ReceiptLink, ReportLink,
    ViewLink,
};

/// First parts of paths that are a brand's own.
const OWN: [&str; 8] = ["b", "p", "r", "d", "a", "v", "confirm", "report"];

/// Whether a request asks a brand's own host for something that is not that brand's: another brand's, or nobody's.
///
/// # Errors
/// Of the database; whose it is was not found out then, and nothing may be shown.
pub async fn is_foreign(app: &App, request: &HttpRequest) -> Result<bool> {
    // The path by which the route is found, which is not the one that was sent: a letter may come as %62.
    let mut parts = request.match_info().as_str().split('/').skip(1).map(str::to_owned);
    let (Some(first), Some(word)) = (parts.next(), parts.next()) else { return Ok(false) };
    if !OWN.contains(&first.as_str()) {
        return Ok(false);
    }
    let (keys, now) = (app.keys.clone(), app.clock.now());
    let asked = asked_host(app, request);
    let compare = move |conn: &mut DbConnection| {
        let Some(owner) = host::owner(conn, &asked)? else { return Ok(false) };
        Ok(if_there(brand_of(conn, &keys, &first, &word, now))?.flatten() != Some(owner))
    };
    app.db.read(compare).await
}

/// The host that a request asks for, with or without a port. What a proxy says about it counts only behind one of the
/// operator's.
pub fn asked_host(app: &App, request: &HttpRequest) -> String {
    if app.options.behind_proxy {
        return request.connection_info().host().to_owned();
    }
    let header = request.headers().get(HOST).and_then(|host| host.to_str().ok());
    header.or_else(|| request.uri().authority().map(Authority::as_str)).unwrap_or_default().to_owned()
}

/// The brand that a path is about: by its slug, or by its token.
fn brand_of(
    conn: &mut DbConnection,
    keys: &Keys,
    first: &str,
    word: &str,
    now: Moment,
) -> Result<Option<i64>> {
    fn open<L: Link>(keys: &Keys, token: &str) -> Option<L> {
        keys.open(token)
    }
    Ok(match first {
        "b" => Some(brand::find(conn, word)?.id),
        "p" => open::<PreferencesLink>(keys, word).map(|link| link.brand),
        "d" => open::<DataRequestLink>(keys, word).map(|link| link.brand),
        "r" => match open::<ReceiptLink>(keys, word) {
            Some(link) => Some(act::get(conn, link.act)?.brand),
            None => None,
        },
        "a" => match open::<AddressChangeLink>(keys, word) {
            Some(link) => Some(address_change::look(conn, keys, link.change, now)?.brand.id),
            None => None,
        },
        "confirm" => match open::<ConfirmLink>(keys, word) {
            Some(link) => Some(confirmation::get(conn, link.confirmation)?.brand_id),
            None => None,
        },
        "report" => match open::<ReportLink>(keys, word) {
            Some(link) => Some(campaign::get(conn, link.campaign)?.brand_id),
            None => None,
        },
        _ => match open::<ViewLink>(keys, word) {
            Some(link) => Some(campaign::get(conn, link.campaign)?.brand_id),
            None => None,
        },
    })
}
