//! `mannerly preflight`: what providers would hold against a brand's senders, before any campaign is written.

use clap::Args;

use crate::app::App;
use crate::config::ServerArgs;
use crate::db::Schema;
use crate::domain::campaign::preflight::Level;
use crate::error::{Error, Result};

/// Which brand, and the settings of `serve`.
#[derive(Debug, Clone, Args)]
pub(super) struct PreflightArgs {
    /// The brand: its slug.
    brand: String,
    #[command(flatten)]
    server: ServerArgs,
}

/// Prints the findings, and fails if one of them blocks.
pub(super) fn run(args: PreflightArgs) -> Result<()> {
    let settings = args.server.check().map_err(Error::Invalid)?;
    let app = App::build(&settings, Schema::Check)?;
    let checked = super::wait_for(app.preflight_of_brand(args.brand));
    app.recorder.stop();
    let checked = checked??;
    for finding in &checked.findings {
        super::say(&format!("{} {} ({}): {}", finding.level, finding.code, finding.rule, finding.detail));
    }
    if !checked.asks_dns {
        super::say("DNS was not asked, so SPF, DKIM and DMARC were not checked (--dns system asks it).");
    }
    let blocking = checked.findings.iter().filter(|finding| finding.level == Level::Blocking).count();
    match (blocking, checked.findings.len()) {
        (0, 0) => super::say("Nothing stands in the way."),
        (0, warnings) => super::say(&format!("Nothing stands in the way; warnings: {warnings}.")),
        (blocking, _) => {
            return Err(Error::conflict(format!("The brand cannot send like this; blocking: {blocking}")));
        }
    }
    Ok(())
}
