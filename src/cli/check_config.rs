//! `mannerly check-config`: reads the settings as `serve` would, and says everything that is wrong with them.

use crate::config::ServerArgs;
use crate::error::{Error, Result};

/// Checks the settings without touching the database or the network, and makes nothing but the mail folder.
pub(super) fn run(args: &ServerArgs) -> Result<()> {
    args.check().map_err(Error::Invalid)?;
    super::say("The configuration is good.");
    Ok(())
}
