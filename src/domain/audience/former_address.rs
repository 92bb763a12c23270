//! Former addresses: those that a person has left for another, each as a keyed hash with when it was theirs. So no old
//! file brings back who moved on, and what is said of an old address does not meet the new one.

use std::collections::HashMap;

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{Bool, Text};

use crate::clock::Moment;
use crate::db::DbConnection;
use crate::db::schema::{former_address as former, subscriber as people};
use crate::domain::audience::Subscriber;
use crate::domain::audience::subscriber;
use crate::email_address::EmailAddress;
use crate::error::Result;
use crate::secret::hex;
use crate::token::Keys;

/// Remembers that a person leaves their address for another, which is none any more that they have left.
///
/// # Errors
/// Of the database.
pub fn leave(
    conn: &mut DbConnection,
    keys: &Keys,
    person: &Subscriber,
    new: &EmailAddress,
    now: Moment,
) -> Result<()> {
    let since = last_left(conn, person.id)?.unwrap_or(person.created_at);
    diesel::delete(former::table.find((person.id, new.keyed_hash(keys)))).execute(conn)?;
    let Some(old) = &person.email else { return Ok(()) };
    diesel::insert_into(former::table)
        .values((
            former::subscriber_id.eq(person.id),
            former::address_hash.eq(old.keyed_hash(keys)),
            former::since.eq(since),
            former::left_at.eq(now),
        ))
        .execute(conn)?;
    Ok(())
}

/// When a person last left an address: what was mailed before went to another one than theirs.
///
/// # Errors
/// Of the database.
pub fn last_left(conn: &mut DbConnection, person: i64) -> Result<Option<Moment>> {
    let theirs = former::table.filter(former::subscriber_id.eq(person));
    Ok(theirs.select(diesel::dsl::max(former::left_at)).first(conn)?)
}

/// Which of these addresses somebody has left, and when the last of them did.
///
/// # Errors
/// Of the database.
pub fn among(conn: &mut DbConnection, hashes: Vec<Vec<u8>>) -> Result<HashMap<Vec<u8>, Moment>> {
    // Most have none at all, and an import asks for every row.
    if !diesel::select(diesel::dsl::exists(former::table.select(former::subscriber_id)))
        .get_result::<bool>(conn)?
    {
        return Ok(HashMap::new());
    }
    let left = former::table.select((former::address_hash, former::left_at)).order(former::left_at);
    let left: Vec<(Vec<u8>, Moment)> = match conn {
        DbConnection::Sqlite(c) => {
            // A placeholder for each would be a new statement for each number of them.
            let listed = serde_json::to_string(&hashes.iter().map(|hash| hex(hash)).collect::<Vec<_>>())?;
            let among = sql::<Bool>("former_address.address_hash IN (SELECT unhex(value) FROM json_each(")
                .bind::<Text, _>(listed)
                .sql("))");
            left.filter(among).load(c)?
        }
        DbConnection::Postgres(c) => left.filter(former::address_hash.eq_any(hashes)).load(c)?,
    };
    Ok(left.into_iter().collect())
}

/// Where a letter reached a person: by the keyed hash of the address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reached {
    /// At the address that they have now; none after erasure.
    Present(Option<Vec<u8>>),
    /// At one that they have left since; none where it is somebody's again, who has nothing to do with that letter.
    Former(Option<Vec<u8>>),
}

impl Reached {
    /// The address, where what is said of the letter may be held against it.
    pub fn hash(&self) -> Option<&[u8]> {
        match self {
            Self::Present(hash) | Self::Former(hash) => hash.as_deref(),
        }
    }
}

/// Where a letter reached a person that left at this moment, or just now where that is not known.
///
/// # Errors
/// Of the database.
pub fn reached(conn: &mut DbConnection, person: i64, sent_at: Option<Moment>) -> Result<Reached> {
    let left: Vec<(Vec<u8>, Moment, Moment)> = former::table
        .filter(former::subscriber_id.eq(person))
        .select((former::address_hash, former::since, former::left_at))
        .load(conn)?;
    let Some(at) = sent_at.filter(|at| left.iter().any(|(.., left_at)| at < left_at)) else {
        return Ok(Reached::Present(subscriber::email_hash(conn, person)?));
    };
    let theirs_then = left.into_iter().find(|(_, since, left_at)| *since <= at && at < *left_at);
    let Some((hash, ..)) = theirs_then else { return Ok(Reached::Former(None)) };
    let is_taken = !of_somebody(conn, vec![hash.clone()])?.is_empty();
    Ok(Reached::Former(Some(hash).filter(|_| !is_taken)))
}

/// Which of these addresses are somebody's now. It walks through all people, because few ask: only about addresses that
/// were left.
fn of_somebody(conn: &mut DbConnection, hashes: Vec<Vec<u8>>) -> Result<Vec<Vec<u8>>> {
    let found: Vec<Option<Vec<u8>>> =
        people::table.filter(people::email_hash.eq_any(hashes)).select(people::email_hash).load(conn)?;
    Ok(found.into_iter().flatten().collect())
}

/// Forgets what a person has left, for their erasure, and returns the addresses that must never be used again. One that is
/// somebody's again is not among them: theirs is not to be ended, and that it was left stays known.
///
/// # Errors
/// Of the database.
pub fn give_up(conn: &mut DbConnection, person: i64) -> Result<Vec<Vec<u8>>> {
    let theirs = former::table.filter(former::subscriber_id.eq(person));
    let mut hashes: Vec<Vec<u8>> = theirs.select(former::address_hash).load(conn)?;
    if hashes.is_empty() {
        return Ok(hashes);
    }
    let taken = of_somebody(conn, hashes.clone())?;
    hashes.retain(|hash| !taken.contains(hash));
    for hash in &hashes {
        diesel::delete(former::table.find((person, hash))).execute(conn)?;
    }
    Ok(hashes)
}
