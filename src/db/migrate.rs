//! The schema travels in the binary and is brought up to date at start.

use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use crate::db::DbConnection;
use crate::error::{Error, Result};

const SQLITE: EmbeddedMigrations = embed_migrations!("migrations/sqlite");
const POSTGRES: EmbeddedMigrations = embed_migrations!("migrations/postgres");

/// Runs what is missing; does nothing where nothing is.
///
/// # Errors
/// [`Error::Internal`] with the migration's own message; the failed one is rolled back.
pub fn up(connection: &mut DbConnection) -> Result<()> {
    match connection {
        DbConnection::Sqlite(c) => c.run_pending_migrations(SQLITE).map(drop),
        DbConnection::Postgres(c) => c.run_pending_migrations(POSTGRES).map(drop),
    }
    .map_err(|error| Error::internal(format_args!("migration failed: {error}")))
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
