//! Who works on a database: servers, or one command that needs it for itself.
//!
//! An SQLite file has one server: two would each send what the other sends. PostgreSQL's own locks let several servers
//! share a database; there only what must not meet any of them asks to be alone.

use std::fs::File;
use std::path::PathBuf;

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool};

use crate::db::DatabaseUrl;
use crate::error::{Error, Result};

/// What PostgreSQL's advisory lock of those who work on a database is called; the number is arbitrary.
const LOCK: i64 = i64::from_be_bytes(*b"At work!");

/// Holds a place on a database for as long as it lives. On PostgreSQL it ends with the session too, so when PostgreSQL is
/// started anew: whoever restores a backup stops the servers anyway, and this only reminds them.
#[must_use = "the place is given up with it"]
pub enum Presence {
    /// On SQLite: the lock beside the file.
    File(File),
    /// On PostgreSQL: a session of its own.
    Session(PgConnection),
}

impl std::fmt::Debug for Presence {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Presence")
    }
}

#[derive(QueryableByName)]
struct Lock {
    #[diesel(sql_type = Bool)]
    taken: bool,
}

impl Presence {
    /// The place of a server, and of what makes a database as it starts.
    ///
    /// # Errors
    /// [`Error::Conflict`] if somebody else has to be alone, [`Error::Unavailable`] if PostgreSQL does not answer.
    pub fn server(url: &DatabaseUrl) -> Result<Self> {
        match url {
            DatabaseUrl::Sqlite(path) => lock_file(path),
            DatabaseUrl::Postgres(url) => lock_session(
                url,
                "SELECT pg_try_advisory_lock_shared($1) AS taken",
                "The database is being made ready after a restore; start the server when that is done",
            ),
        }
    }

    /// The place of who has to be alone.
    ///
    /// # Errors
    /// [`Error::Conflict`] if a server is at work, [`Error::Unavailable`] if PostgreSQL does not answer.
    pub fn alone(url: &DatabaseUrl) -> Result<Self> {
        match url {
            DatabaseUrl::Sqlite(path) => lock_file(path),
            DatabaseUrl::Postgres(url) => lock_session(
                url,
                "SELECT pg_try_advisory_lock($1) AS taken",
                "A server is using this database; stop all of them first",
            ),
        }
    }
}

fn lock_file(path: &str) -> Result<Presence> {
    let lock = PathBuf::from(format!("{path}.lock"));
    let file = File::create(&lock)
        .map_err(|error| Error::conflict(format!("{} cannot be written: {error}", lock.display())))?;
    match file.try_lock() {
        Ok(()) => Ok(Presence::File(file)),
        Err(_) => Err(Error::conflict(format!("Another server is using {path}; stop it first"))),
    }
}

fn lock_session(url: &str, statement: &str, taken: &str) -> Result<Presence> {
    let mut session =
        PgConnection::establish(url).map_err(|error| Error::Unavailable(anyhow::Error::new(error)))?;
    let lock: Lock = diesel::sql_query(statement).bind::<BigInt, _>(LOCK).get_result(&mut session)?;
    if lock.taken { Ok(Presence::Session(session)) } else { Err(Error::conflict(taken)) }
}
