//! `mannerly import`: people and what they agreed to, from a CSV file. The good rows are kept, each bad one is reported
//! by its line.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use clap::Args;
use indicatif::ProgressBar;

use crate::app::App;
use crate::config::ServerArgs;
use crate::db::Schema;
use crate::domain::audience::source::{Kind, SourceForm};
use crate::domain::consent::opt_in::Basis;
use crate::domain::intake::import::{self, ImportForm};
use crate::error::{Error, Result};

/// What is said of a whole file.
#[derive(Debug, Clone, Args)]
pub(super) struct ImportArgs {
    /// The file, or - for standard input. Columns: email, and if wanted first_name, last_name, company, country, phone,
    /// postal_address, locale, attributes.NAME, topics (newsletter:email transport:post), consented_at, state
    /// (granted or pending), permission_opens, permission_clicks (yes or no).
    file: PathBuf,
    /// The brand that the people agreed to hear from: its slug.
    #[arg(long)]
    brand: String,
    /// What the source of the data is called; a supplier's name stands in every mail to its people.
    #[arg(long)]
    source: String,
    /// The data comes from a licensed supplier, and not from the organisation's own contacts.
    #[arg(long)]
    supplier: bool,
    /// The supplier's transparency policy; without it nobody of this source is written to.
    #[arg(long)]
    policy_url: Option<String>,
    /// The wording that the people agreed to, exactly. A supplier's must name the brand.
    #[arg(long, required_unless_present = "soft_opt_in")]
    wording: Option<String>,
    /// The people are customers who could object when their address was collected and in every mail since, and agreed
    /// to nothing (PECR regulation 22(3)).
    #[arg(long, conflicts_with_all = ["wording", "supplier"])]
    soft_opt_in: bool,
    /// The version of the privacy policy that the people were shown; the brand's present one if left out.
    #[arg(long)]
    policy_version: Option<String>,
    #[command(flatten)]
    server: ServerArgs,
}

/// Imports the file and says what became of it.
pub(super) fn run(args: ImportArgs) -> Result<()> {
    let settings = args.server.check().map_err(Error::Invalid)?;
    let file = open(&args.file)?;
    let app = App::build(&settings, Schema::Check)?;
    let form = ImportForm {
        brand: args.brand,
        source: SourceForm {
            name: args.source,
            kind: if args.supplier { Kind::Supplier } else { Kind::Import },
            policy_url: args.policy_url,
            licence_from: None,
            licence_until: None,
        },
        basis: if args.soft_opt_in { Basis::SoftOptIn } else { Basis::Consent },
        wording: args.wording,
        policy_version: args.policy_version,
        optout_offered_at_collection: args.soft_opt_in,
    };
    let spinner = ProgressBar::new_spinner();
    let now = app.clock.now();
    let report = import::run(&app.db, &app.keys, &form, file, now, |rows| {
        spinner.set_message(format!("{rows} rows"));
        spinner.tick();
    })?;
    spinner.finish_and_clear();
    for problem in &report.problems {
        super::say(&format!("line {}: {}", problem.line, problem.reason));
    }
    super::say(&format!(
        "{} rows: {} people new, {} updated; {} opt-ins, {} kept ended; {} suppressed, {} restricted, {} refused",
        report.rows,
        report.created,
        report.updated,
        report.opt_ins,
        report.kept_withdrawn,
        report.suppressed,
        report.restricted,
        report.refused
    ));
    if report.former > 0 {
        super::say(&format!(
            "{} left out: whoever had the address uses another one now, and agreed before that. Whoever has it now can \
             sign up for themselves",
            report.former
        ));
    }
    Ok(())
}

fn open(path: &Path) -> Result<Box<dyn Read + Send>> {
    if path == Path::new("-") {
        return Ok(Box::new(std::io::stdin()));
    }
    let file = File::open(path).map_err(|error| {
        Error::invalid("", format!("The file {} cannot be read: {error}", path.display()))
    })?;
    Ok(Box::new(file))
}
