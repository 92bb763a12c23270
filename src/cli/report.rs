//! `mannerly report`: a campaign's report as a file, or a link to it as a page, for those who have no key of the API at
//! hand.

use std::fs;
use std::path::PathBuf;

use clap::Args;
use uuid::Uuid;

use crate::app::adopt;
use crate::cli::migrate::open;
use crate::clock::{Clock, Moment};
use crate::config::{DatabaseArgs, SecretArgs};
use crate::db::Database;
use crate::domain::campaign::{self, Campaign};
use crate::domain::catalog::brand;
use crate::domain::tracking::report::{self, Include};
use crate::error::{Error, Problem, Result};
use crate::id::PublicId;
use crate::token::Keys;
use crate::web::page::{DESK_CSS, ReportPage, render};
use crate::web::report::{DAYS, csv, link, page};

/// How many campaigns are read at once for the list.
const PAGE: i64 = 500;

/// Which campaign, and where to.
#[derive(Debug, Clone, Args)]
pub(super) struct ReportArgs {
    /// The campaign's id. Without it, all campaigns are listed, the newest first.
    campaign: Option<Uuid>,
    /// Write the report as one HTML file, with its charts and without anything to load.
    #[arg(long, value_name = "FILE", requires = "campaign")]
    html: Option<PathBuf>,
    /// Write the report as a CSV file, one number a row.
    #[arg(long, value_name = "FILE", requires = "campaign")]
    csv: Option<PathBuf>,
    /// Print a link to the report as a page of the server, for a browser without a key. It works for 30 days; whoever
    /// has it can read the report. Needs the server's secret.
    #[arg(long, requires = "campaign")]
    link: bool,
    #[command(flatten)]
    secret: SecretArgs,
    #[command(flatten)]
    database: DatabaseArgs,
}

/// Writes the files and the link, or lists the campaigns.
pub(super) fn run(args: &ReportArgs) -> Result<()> {
    let Some(id) = args.campaign else { return list(&open(&args.database)?) };
    if args.html.is_none() && args.csv.is_none() && !args.link {
        return Err(Error::Invalid(vec![Problem::new(
            "html",
            "Say what to make: --html FILE, --csv FILE, --link, or several of them",
        )]));
    }
    let keys = if args.link { Some(args.secret.keys()?) } else { None };
    let database = open(&args.database)?;
    let now = Clock::System.now();
    let campaign = database.read_here(|conn| campaign::find(conn, PublicId(id)))?;
    if args.html.is_some() || args.csv.is_some() {
        write(args, &database, &campaign, now)?;
    }
    match keys {
        Some(keys) => print_link(&database, &keys, &campaign, now),
        None => Ok(()),
    }
}

/// Prints a line for each campaign.
fn list(database: &Database) -> Result<()> {
    let mut before = i64::MAX;
    loop {
        let campaigns = database.read_here(|conn| campaign::list_newest(conn, before, PAGE))?;
        for campaign in &campaigns {
            super::say(&format!("{}  {}  {}", campaign.public_id, campaign.state, campaign.name));
        }
        match campaigns.last() {
            Some(last) => before = last.id,
            None => return Ok(()),
        }
    }
}

fn write(args: &ReportArgs, database: &Database, campaign: &Campaign, now: Moment) -> Result<()> {
    let report = database.read_here(|conn| report::report(conn, campaign.id, Include::ALL, now))?;
    if let Some(file) = &args.html {
        let alone = ReportPage { css: &DESK_CSS, ..page(campaign, &report) };
        fs::write(file, render(&alone)?)?;
    }
    if let Some(file) = &args.csv {
        fs::write(file, csv::write(campaign, &report)?)?;
    }
    Ok(())
}

/// Another server's secret would make a link that opens nothing, so it is refused.
fn print_link(database: &Database, keys: &Keys, campaign: &Campaign, now: Moment) -> Result<()> {
    database.write_here(|conn| adopt(conn, keys, now))?;
    let brand = database.read_here(|conn| brand::get(conn, campaign.brand_id))?;
    super::say(&link(keys, &brand, campaign, now).url);
    super::say(&format!("It works for {DAYS} days; whoever has it can read the report."));
    Ok(())
}
