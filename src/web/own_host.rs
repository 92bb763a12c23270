//! Hosts at which a brand is alone: whatever belongs to another brand is not found there, as if it did not exist.
//!
//! What stops and what leads on works at every host, so that no old letter loses its way out: unsubscribing, the pixel
//! and the redirect. A host that no brand has for itself, such as the operator's own or an address of the network,
//! shows all.

use actix_web::HttpRequest;

use crate::app::App;
use crate::clock::Moment;
use crate::db::DbConnection;
use crate::domain::campaign;
use crate::domain::catalog::{brand, host};
use crate::domain::consent::confirmation;
use crate::domain::preferences::act;
use crate::domain::privacy::address_change;
use crate::error::Result;
use crate::token::{
    AddressChangeLink, ConfirmLink, DataRequestLink, Keys, Link, PreferencesLink, ReceiptLink, ReportLink,
    ViewLink,
};

/// First parts of paths that are a brand's own.
const OWN: [&str; 8] = ["b", "p", "r", "d", "a", "v", "confirm", "report"];

/// Whether a request asks a brand's own host for something of another brand. Where the database does not answer, or
/// there is nothing at the path, whoever answers it says so.
pub async fn is_foreign(app: &App, request: &HttpRequest) -> bool {
    let mut parts = request.path().split('/').skip(1).map(str::to_owned);
    let (Some(first), Some(word)) = (parts.next(), parts.next()) else { return false };
    if !OWN.contains(&first.as_str()) {
        return false;
    }
    let (keys, now) = (app.keys.clone(), app.clock.now());
    let asked = request.connection_info().host().to_owned();
    let compare = move |conn: &mut DbConnection| {
        let Some(owner) = host::owner(conn, &asked)? else { return Ok(false) };
        Ok(brand_of(conn, &keys, &first, &word, now)?.is_some_and(|brand| brand != owner))
    };
    app.db.read(compare).await.unwrap_or(false)
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
