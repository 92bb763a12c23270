//! `mannerly report`: a campaign's report as a file, for those who have no key of the API at hand.

use std::fs;
use std::path::PathBuf;

use clap::Args;
use uuid::Uuid;

use crate::cli::migrate::open;
use crate::clock::Clock;
use crate::config::DatabaseArgs;
use crate::domain::campaign;
use crate::domain::tracking::report::{self, Include};
use crate::error::{Error, Problem, Result};
use crate::id::PublicId;
use crate::web::page::{DESK_CSS, ReportPage, render};
use crate::web::report::{csv, page};

/// The most campaigns that are listed.
const LISTED_MAX: i64 = 1000;

/// Which campaign, and where to.
#[derive(Debug, Clone, Args)]
pub(super) struct ReportArgs {
    /// The campaign's id. Without it, the campaigns are listed.
    campaign: Option<Uuid>,
    /// Write the report as one HTML file, with its charts and without anything to load.
    #[arg(long, value_name = "FILE", requires = "campaign")]
    html: Option<PathBuf>,
    /// Write the report as a CSV file, one number a row.
    #[arg(long, value_name = "FILE", requires = "campaign")]
    csv: Option<PathBuf>,
    #[command(flatten)]
    database: DatabaseArgs,
}

/// Writes the files, or lists the campaigns.
pub(super) fn run(args: &ReportArgs) -> Result<()> {
    let database = open(&args.database)?;
    let Some(id) = args.campaign else {
        for campaign in database.read_here(|conn| campaign::list(conn, 0, LISTED_MAX))? {
            super::say(&format!("{}  {}  {}", campaign.public_id, campaign.state, campaign.name));
        }
        return Ok(());
    };
    if args.html.is_none() && args.csv.is_none() {
        return Err(Error::Invalid(vec![Problem::new(
            "html",
            "Say where to write: --html FILE, --csv FILE, or both",
        )]));
    }
    let now = Clock::System.now();
    let (campaign, report) = database.read_here(|conn| {
        let campaign = campaign::find(conn, PublicId(id))?;
        let report = report::report(conn, campaign.id, Include::ALL, now)?;
        Ok((campaign, report))
    })?;
    if let Some(file) = &args.html {
        let alone = ReportPage { css: &DESK_CSS, ..page(&campaign, &report) };
        fs::write(file, render(&alone)?)?;
    }
    if let Some(file) = &args.csv {
        fs::write(file, csv::write(&campaign, &report)?)?;
    }
    Ok(())
}
