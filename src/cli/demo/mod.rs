//! The demo: the main job from beginning to end, without anything prepared.

pub mod catalogue;

use std::path::PathBuf;

use clap::Args;

use crate::error::Result;

/// How the demo runs.
#[derive(Debug, Clone, Args)]
pub struct DemoArgs {
    /// The folder for its database, secret and mail.
    #[arg(long, default_value = "./demo")]
    dir: PathBuf,
}

pub(super) fn run(_args: &DemoArgs) -> Result<()> {
    Ok(())
}
