//! `mannerly migrate`: brings the schema up to date, as a step of its own before a new version starts.

use crate::config::DatabaseArgs;
use crate::db::Database;
use crate::error::Result;

/// Runs the migrations that are missing.
pub(super) fn run(args: &DatabaseArgs) -> Result<()> {
    open(args)?;
    super::say("The schema is up to date.");
    Ok(())
}

/// Opens the database of a command that needs nothing else.
pub(super) fn open(args: &DatabaseArgs) -> Result<Database> {
    Database::open(&args.url()?)
}
