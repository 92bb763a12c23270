//! The API for programs, one file per resource: JSON in, JSON out, problems as RFC 9457, lists by pages.
//!
//! A handler reads what came in, calls the domain in one transaction and shows the result; ids are slugs and public
//! identities, never row numbers. Which scope a route needs stands in the route table.

pub mod body;
pub mod brand_choices;
pub mod brands;
pub mod campaign_archive;
pub mod campaign_life;
pub mod campaigns;
pub mod evidence;
pub mod imports;
pub mod ledger;
pub mod notices;
pub mod opt_ins;
pub mod pace;
pub mod paging;
pub mod permissions;
pub mod preflights;
pub mod reports;
pub mod retries;
pub mod sign_up_forms;
pub mod sign_ups;
pub mod sources;
pub mod status;
pub mod subscribers;
pub mod suppressions;
pub mod test_letters;
pub mod topics;
pub mod unverified_reports;
pub mod version;

use std::collections::HashMap;

use actix_web::HttpResponse;
use actix_web::http::header::LOCATION;
use serde::Serialize;

use crate::db::DbConnection;
use crate::domain::account::{ApiKey, Scope};
use crate::domain::audience::source;
use crate::domain::catalog::brand;
use crate::error::Result;
use crate::web::problem::ApiError;

/// What every handler of the API returns.
type Answer = Result<HttpResponse, ApiError>;

fn ok(body: &impl Serialize) -> Answer {
    Ok(HttpResponse::Ok().json(body))
}

fn created(location: &str, body: &impl Serialize) -> Answer {
    Ok(HttpResponse::Created().insert_header((LOCATION, location)).json(body))
}

/// What became of a person that was changed, told to keys that may read people; the others hear that it is done.
fn changed(key: &ApiKey, body: &impl Serialize) -> Answer {
    if key.allows(Scope::ReadPerson) { ok(body) } else { no_content() }
}

fn no_content() -> Answer {
    Ok(HttpResponse::NoContent().finish())
}

/// What brands or sources are called, by their row numbers; each is asked for once.
struct Names {
    known: HashMap<i64, String>,
    find: fn(&mut DbConnection, i64) -> Result<String>,
}

impl Names {
    /// The slugs of brands.
    fn of_brands() -> Self {
        Self { known: HashMap::new(), find: |conn, id| Ok(brand::get(conn, id)?.slug.to_string()) }
    }

    /// The names of sources.
    fn of_sources() -> Self {
        Self { known: HashMap::new(), find: |conn, id| Ok(source::get(conn, id)?.name) }
    }

    fn of(&mut self, conn: &mut DbConnection, id: i64) -> Result<String> {
        if let Some(name) = self.known.get(&id) {
            return Ok(name.clone());
        }
        let name = (self.find)(conn, id)?;
        self.known.insert(id, name.clone());
        Ok(name)
    }
}
