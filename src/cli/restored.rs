//! `mannerly restored`: what has to be done after a backup was put back and before a server starts on it.
//!
//! Such a database does not know what was done since the backup: letters that were sent stand as planned, and row numbers
//! that links in mails name would be given to somebody else.

use crate::cli::say;
use crate::clock::Clock;
use crate::config::DatabaseArgs;
use crate::db::{Database, Presence, Schema, skip_row_numbers};
use crate::domain::campaign::state;
use crate::error::Result;

/// Why campaigns are paused by this.
const REASON: &str = "Restored from a backup: letters that were sent since then would be sent again";

/// Pauses what is on its way, and leaves row numbers out.
pub(super) fn run(args: &DatabaseArgs) -> Result<()> {
    let url = args.url()?;
    let _alone = Presence::alone(&url)?;
    let now = Clock::System.now();
    let paused = Database::open(&url, Schema::Check)?.write_here(|conn| {
        skip_row_numbers(conn)?;
        state::pause_all(conn, REASON, now)
    })?;
    for campaign in &paused {
        say(&format!("paused  {}  {}", campaign.public_id, campaign.name));
    }
    say("Links that were mailed since the backup lead to nobody else now. The server can be started.");
    if !paused.is_empty() {
        say(
            "Resume a campaign only if none of its letters was sent since the backup (the relay's log knows); \
             cancel it otherwise.",
        );
    }
    Ok(())
}
