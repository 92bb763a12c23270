//! Requests that a program names, so that one that comes again is answered as before and not done again
//! (draft-ietf-httpapi-idempotency-key-header).
//!
//! A name belongs to an API key and counts for a day. Only hashes of it and of the request are kept, and the answer
//! sealed: it may be about a person. What was begun and has no answer is never begun again: nobody knows how far it
//! came.

use std::time::Duration;

use diesel::prelude::*;

use crate::clock::{DAY, Moment};
use crate::db::DbConnection;
use crate::db::schema::idempotency;
use crate::error::{Error, Result};

/// How long a name counts.
pub const KEPT: Duration = DAY;

/// The most rows that one transaction deletes.
const BATCH: i64 = 1000;

/// A request with a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// The row number of the API key that sent it.
    pub api_key: i64,
    /// A keyed hash of the name.
    pub name_hash: Vec<u8>,
    /// A keyed hash of all that the request asks for.
    pub request_hash: Vec<u8>,
}

/// Whether a request is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Begun {
    /// It is, and nobody else does it.
    First,
    /// It was done, and this is its answer as it was kept.
    Before(Vec<u8>),
}

/// Takes the name for this request, unless it is taken.
///
/// # Errors
/// [`Error::Invalid`] if the name was given to another request; [`Error::Conflict`] if the same one is being worked on,
/// or was cut off.
pub fn begin(conn: &mut DbConnection, named: &Named, now: Moment) -> Result<Begun> {
    diesel::delete(row(named).filter(idempotency::begun_at.lt(now.minus(KEPT)))).execute(conn)?;
    let values = (
        idempotency::api_key_id.eq(named.api_key),
        idempotency::name_hash.eq(&named.name_hash),
        idempotency::request_hash.eq(&named.request_hash),
        idempotency::begun_at.eq(now),
    );
    let taken = on_backend!(conn, |c| diesel::insert_into(idempotency::table)
        .values(values)
        .on_conflict_do_nothing()
        .execute(c))?;
    if taken == 1 {
        return Ok(Begun::First);
    }
    let known: Option<(Vec<u8>, Option<Vec<u8>>)> =
        row(named).select((idempotency::request_hash, idempotency::answer)).first(conn).optional()?;
    match known {
        Some((request_hash, _)) if request_hash != named.request_hash => Err(Error::invalid(
            "",
            "This Idempotency-Key was sent with another request; choose a new one for each request",
        )),
        Some((_, Some(answer))) => Ok(Begun::Before(answer)),
        // Its answer has come or it was given back in this very moment, where it is not there.
        Some((_, None)) | None => Err(Error::conflict(
            "The request with this Idempotency-Key is still being worked on, or was cut off. Ask again in a moment; if it \
             stays so, look what it did before you send it with a new key",
        )),
    }
}

/// Keeps the answer of a request that was done.
///
/// # Errors
/// Of the database.
pub fn keep(conn: &mut DbConnection, named: &Named, answer: &[u8]) -> Result<()> {
    diesel::update(row(named)).set(idempotency::answer.eq(answer)).execute(conn)?;
    Ok(())
}

/// Gives the name of a request back that was refused and changed nothing.
///
/// # Errors
/// Of the database.
pub fn give_back(conn: &mut DbConnection, named: &Named) -> Result<()> {
    diesel::delete(row(named)).execute(conn)?;
    Ok(())
}

/// Forgets one batch of what was begun before `until`. Returns how many.
///
/// # Errors
/// Of the database.
pub fn forget(conn: &mut DbConnection, until: Moment) -> Result<usize> {
    let old: Vec<(i64, Vec<u8>)> = idempotency::table
        .filter(idempotency::begun_at.lt(until))
        .order(idempotency::begun_at)
        .limit(BATCH)
        .select((idempotency::api_key_id, idempotency::name_hash))
        .load(conn)?;
    for (api_key, name_hash) in &old {
        diesel::delete(idempotency::table.find((api_key, name_hash))).execute(conn)?;
    }
    Ok(old.len())
}

#[diesel::dsl::auto_type]
fn row<'a>(named: &'a Named) -> _ {
    let api_key: i64 = named.api_key;
    let name_hash: &'a [u8] = &named.name_hash;
    idempotency::table
        .filter(idempotency::api_key_id.eq(api_key))
        .filter(idempotency::name_hash.eq(name_hash))
}
