//! The schema travels in the binary. Whoever opens a database says whether to bring its schema up to date or to look
//! whether it is ([`Schema`]); only what runs the server or was asked to changes it.

use diesel::backend::Backend;
use diesel::migration::MigrationSource;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Text};
use diesel::sqlite::Sqlite;
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use crate::db::DbConnection;
use crate::error::{Error, Result};

const SQLITE: EmbeddedMigrations = embed_migrations!("migrations/sqlite");
const POSTGRES: EmbeddedMigrations = embed_migrations!("migrations/postgres");

/// What PostgreSQL's advisory lock of a migration is called: the name of the program as a number.
const LOCK: i64 = i64::from_be_bytes(*b"Mannerly");

/// What opening a database does to its schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Schema {
    /// Makes an SQLite file that is not there, and brings the schema up to date.
    Migrate,
    /// Changes nothing: the database has to be there, with the schema of this program.
    Check,
}

/// How a database's schema differs from the one of this program.
#[derive(Debug, PartialEq, Eq)]
struct Difference {
    /// Migrations that did not run there yet.
    pending: usize,
    /// A migration ran there that this program does not have.
    is_newer: bool,
}

/// Runs what is missing; does nothing where nothing is. On PostgreSQL only one at a time: who comes later waits and then
/// finds nothing to do.
///
/// # Errors
/// [`Error::Conflict`] if a newer version of the program has been there; [`Error::Internal`] with the migration's own
/// message, and the failed one is rolled back.
pub fn up(connection: &mut DbConnection) -> Result<()> {
    let DbConnection::Postgres(c) = connection else { return up_alone(connection) };
    // Of the session, because each migration is a transaction of its own; at the latest it ends with the connection.
    diesel::sql_query("SELECT pg_advisory_lock($1)").bind::<BigInt, _>(LOCK).execute(c)?;
    up_alone(connection)?;
    if let DbConnection::Postgres(c) = connection {
        diesel::sql_query("SELECT pg_advisory_unlock($1)").bind::<BigInt, _>(LOCK).execute(c)?;
    }
    Ok(())
}

fn up_alone(connection: &mut DbConnection) -> Result<()> {
    match difference(connection)? {
        Difference { is_newer: true, .. } => return Err(newer()),
        // diesel would write even so.
        Difference { pending: 0, .. } => return Ok(()),
        Difference { .. } => {}
    }
    match connection {
        DbConnection::Sqlite(c) => c.run_pending_migrations(SQLITE).map(drop),
        DbConnection::Postgres(c) => c.run_pending_migrations(POSTGRES).map(drop),
    }
    .map_err(|error| Error::internal(format_args!("migration failed: {error}")))
}

/// Looks whether the schema is the one of this program, and changes nothing.
///
/// # Errors
/// [`Error::Conflict`] if it is older or newer; says what to do.
pub fn check(connection: &mut DbConnection) -> Result<()> {
    match difference(connection)? {
        Difference { is_newer: true, .. } => Err(newer()),
        Difference { pending: 0, .. } => Ok(()),
        Difference { .. } => {
            Err(Error::conflict("The database has not the schema of this version yet; run: mannerly migrate"))
        }
    }
}

fn newer() -> Error {
    Error::conflict(
        "The database was made by a newer version of Mannerly; use that version, or restore a backup from before it",
    )
}

fn difference(connection: &mut DbConnection) -> Result<Difference> {
    let applied = applied(connection)?;
    match connection {
        DbConnection::Sqlite(_) => compare::<Sqlite>(&SQLITE, &applied),
        DbConnection::Postgres(_) => compare::<Pg>(&POSTGRES, &applied),
    }
}

fn compare<DB: Backend>(source: &impl MigrationSource<DB>, applied: &[String]) -> Result<Difference> {
    let known = source.migrations().map_err(Error::internal)?;
    let known: Vec<String> = known.iter().map(|migration| migration.name().version().to_string()).collect();
    Ok(Difference {
        pending: known.iter().filter(|version| !applied.contains(version)).count(),
        is_newer: applied.iter().any(|version| !known.contains(version)),
    })
}

#[derive(QueryableByName)]
struct Known {
    #[diesel(sql_type = Bool)]
    known: bool,
}

#[derive(QueryableByName)]
struct Applied {
    #[diesel(sql_type = Text)]
    version: String,
}

/// The versions of all migrations that ran there. diesel's own function would make the table that it asks.
fn applied(connection: &mut DbConnection) -> Result<Vec<String>> {
    let is_known = match connection {
        DbConnection::Sqlite(_) => {
            "SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE name = '__diesel_schema_migrations') AS known"
        }
        DbConnection::Postgres(_) => "SELECT to_regclass('__diesel_schema_migrations') IS NOT NULL AS known",
    };
    let versions = "SELECT version FROM __diesel_schema_migrations";
    let applied: Vec<Applied> = on_backend!(connection, |c| {
        let known: Known = diesel::sql_query(is_known).get_result(c)?;
        if known.known { diesel::sql_query(versions).load(c)? } else { Vec::new() }
    });
    Ok(applied.into_iter().map(|Applied { version }| version).collect())
}

/// Takes every migration back: all data is gone afterwards.
///
/// # Errors
/// [`Error::Internal`] with the migration's own message.
pub fn down(connection: &mut DbConnection) -> Result<()> {
    match connection {
        DbConnection::Sqlite(c) => c.revert_all_migrations(SQLITE).map(drop),
        DbConnection::Postgres(c) => c.revert_all_migrations(POSTGRES).map(drop),
    }
    .map_err(|error| Error::internal(format_args!("taking a migration back failed: {error}")))
}
