//! `mannerly api-key`: the keys of the API. A key is shown once, when it is made.

use clap::Subcommand;
use uuid::Uuid;

use crate::cli::migrate::open;
use crate::clock::Clock;
use crate::config::DatabaseArgs;
use crate::domain::account::api_key::{self, Scope};
use crate::error::{Error, Result};
use crate::id::PublicId;

/// What to do with the keys.
#[derive(Debug, Subcommand)]
pub(super) enum ApiKeyCommand {
    /// Make a key and print it: this once, so keep it.
    Create {
        #[command(flatten)]
        database: DatabaseArgs,
        /// What it is for.
        #[arg(long)]
        name: String,
        /// What it may be used for: read_aggregate, read_person, write_person, catalog, campaigns, admin; separated
        /// by commas.
        #[arg(long)]
        scopes: String,
    },
    /// List all keys, without the keys themselves.
    List(DatabaseArgs),
    /// End a key at once and for good.
    Revoke {
        #[command(flatten)]
        database: DatabaseArgs,
        /// The key's id, as `list` shows it.
        id: Uuid,
    },
}

/// Runs one of the commands.
pub(super) fn run(command: ApiKeyCommand) -> Result<()> {
    let now = Clock::System.now();
    match command {
        ApiKeyCommand::Create { database, name, scopes } => {
            let scopes = Scope::parse_list(&scopes).map_err(|problem| Error::Invalid(vec![problem]))?;
            let (_, secret) =
                open(&database)?.write_here(|conn| api_key::create(conn, &name, &scopes, now))?;
            super::say(secret.reveal());
        }
        ApiKeyCommand::List(database) => {
            for key in open(&database)?.read_here(api_key::list)? {
                let scopes: Vec<&str> = key.scopes.iter().map(|scope| scope.as_str()).collect();
                let end = key.revoked_at.map_or_else(String::new, |at| format!("  revoked {at}"));
                let used = key.last_used_at.map_or_else(|| String::from("never"), |at| at.to_string());
                super::say(&format!(
                    "{}  {}  made {}  used {used}{end}  {}",
                    key.public_id,
                    scopes.join(","),
                    key.created_at,
                    key.name
                ));
            }
        }
        ApiKeyCommand::Revoke { database, id } => {
            open(&database)?.write_here(|conn| api_key::revoke(conn, PublicId(id), now))?;
            super::say("The key is revoked.");
        }
    }
    Ok(())
}
