//! Requests: what a public form leaves behind, one row whoever sent it, until a job works it off.
//!
//! A row holds personal data for the seconds that it waits; working it off deletes it.

use std::time::Duration;

use diesel::prelude::*;
use serde::{Deserialize, Serialize};

use crate::clock::{DAY, Moment};
use crate::db::DbConnection;
use crate::db::schema::{ledger, request};
use crate::domain::audience::subscriber;
use crate::domain::intake::Options;
use crate::domain::intake::proof::{self, Proof};
use crate::domain::intake::sign_up::{self, SignUp};
use crate::domain::outbox::{self, About, Kind};
use crate::email_address::EmailAddress;
use crate::error::{Error, Result};
use crate::token::Keys;

/// A brand mails a person at most so many links of one kind in `LINKS_IN`.
pub const LINKS_MAX: i64 = 3;

/// The time in which [`LINKS_MAX`] counts.
const LINKS_IN: Duration = DAY;

/// What was asked for.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Content {
    SignUp(Box<SignUp>),
    Link { kind: Kind, email: String },
}

/// Leaves a sign-up, and spends the proof of work that came with it.
///
/// # Errors
/// Of the database.
pub fn leave_sign_up(
    conn: &mut DbConnection,
    brand: i64,
    mut sign_up: SignUp,
    proof: Option<Proof>,
    now: Moment,
) -> Result<()> {
    if let Some(proof) = proof {
        sign_up.set_proven(proof::spend(conn, proof)?);
    }
    leave(conn, brand, &Content::SignUp(Box::new(sign_up)), now)
}

/// Leaves the wish for a link by mail: [`Kind::PreferencesLink`] or [`Kind::DataLink`].
///
/// # Errors
/// Of the database.
pub fn leave_link(
    conn: &mut DbConnection,
    brand: i64,
    kind: Kind,
    email: &EmailAddress,
    now: Moment,
) -> Result<()> {
    leave(conn, brand, &Content::Link { kind, email: email.as_str().to_owned() }, now)
}

fn leave(conn: &mut DbConnection, brand: i64, content: &Content, now: Moment) -> Result<()> {
    diesel::insert_into(request::table)
        .values((
            request::brand_id.eq(brand),
            request::content.eq(serde_json::to_string(content)?),
            request::received_at.eq(now),
        ))
        .execute(conn)?;
    Ok(())
}

/// Row numbers of waiting requests above `after`, oldest first, at most `limit`.
///
/// # Errors
/// Of the database.
pub fn waiting(conn: &mut DbConnection, after: i64, limit: i64) -> Result<Vec<i64>> {
    Ok(request::table
        .filter(request::id.gt(after))
        .order(request::id)
        .limit(limit)
        .select(request::id)
        .load(conn)?)
}

/// Works off one request and deletes it. Returns whether it was there to be worked: another may have it in hand.
///
/// # Errors
/// Of the database; the request is kept then.
pub fn work(conn: &mut DbConnection, keys: &Keys, options: Options, id: i64, now: Moment) -> Result<bool> {
    let find = request::table.find(id).select((request::brand_id, request::content, request::received_at));
    let found: Option<(i64, String, Moment)> = match conn {
        DbConnection::Sqlite(c) => find.first(c).optional()?,
        DbConnection::Postgres(c) => find.for_update().skip_locked().first(c).optional()?,
    };
    let Some((brand, content, received_at)) = found else { return Ok(false) };
    // No cause: it may repeat what a person typed.
    let content = serde_json::from_str(&content).map_err(|_| Error::internal("a request cannot be read"))?;
    match content {
        Content::SignUp(form) => sign_up::apply(conn, keys, options, brand, &form, received_at, now)?,
        Content::Link { kind, email } => {
            let email = EmailAddress::parse(&email).ok();
            let known = email.map(|email| subscriber::find_by_email(conn, &email)).transpose()?.flatten();
            if let Some(person) = known
                && deals_with(conn, person.id, brand)?
            {
                mail_link(conn, kind, brand, person.id, now)?;
            }
        }
    }
    diesel::delete(request::table.find(id)).execute(conn)?;
    Ok(true)
}

/// Mails a link to a person, unless they had three of its kind in a day. Returns whether it was written.
///
/// # Errors
/// Of the database.
pub fn mail_link(conn: &mut DbConnection, kind: Kind, brand: i64, person: i64, now: Moment) -> Result<bool> {
    if outbox::count_since(conn, person, brand, kind, now.minus(LINKS_IN))? >= LINKS_MAX {
        return Ok(false);
    }
    outbox::enqueue(conn, kind, (brand, person), About::Person, now)?;
    Ok(true)
}

/// Whether a person ever had anything to do with a brand.
fn deals_with(conn: &mut DbConnection, person: i64, brand: i64) -> Result<bool> {
    let entries = ledger::table.filter(ledger::subscriber_id.eq(person).and(ledger::brand_id.eq(brand)));
    Ok(diesel::select(diesel::dsl::exists(entries)).get_result(conn)?)
}
