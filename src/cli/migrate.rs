//! `mannerly migrate`: makes a database and brings its schema up to date, as a step of its own before a new version
//! starts.

use crate::config::DatabaseArgs;
use crate::db::{Database, Presence, Schema};
use crate::error::{Error, Result};

/// Runs the migrations that are missing.
pub(super) fn run(args: &DatabaseArgs) -> Result<()> {
    let url = args.url()?;
    match Database::open(&url, Schema::Check) {
        Ok(_) => {}
        Err(Error::Conflict(_)) => {
            // Not under a server that runs: an SQLite file has one, and that one was built for the schema as it is.
            let _present = Presence::server(&url)?;
            Database::open(&url, Schema::Migrate)?;
        }
        Err(other) => return Err(other),
    }
    super::say("The schema is up to date.");
    Ok(())
}

/// Opens the database of a command that needs nothing else. It has to be there, with the schema of this version.
pub(super) fn open(args: &DatabaseArgs) -> Result<Database> {
    Database::open(&args.url()?, Schema::Check)
}
