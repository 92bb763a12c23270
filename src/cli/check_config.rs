//! `mannerly check-config`: reads the settings as `serve` would, and says everything that is wrong with them.

use crate::app::App;
use crate::config::ServerArgs;
use crate::error::{Error, Result};

/// Checks the settings without touching the database or the network, and makes nothing but the mail folder.
pub(super) fn run(args: &ServerArgs) -> Result<()> {
    let settings = args.check().map_err(Error::Invalid)?;
    App::ways_out(&settings)?;
    super::say("The configuration is good.");
    Ok(())
}
