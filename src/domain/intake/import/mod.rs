//! Import: people and what they agreed to, from a CSV file, with the evidence of it.
//!
//! The good rows are kept, each bad one is reported by its line. A file is read as a stream and written in batches, a
//! transaction each, so memory stays flat; importing a file twice changes nothing the second time.

mod known;
mod read;
mod rows;
mod store;

use std::io::Read;
use std::sync::mpsc;

use serde::{Deserialize, Serialize};

use crate::clock::Moment;
use crate::db::{Database, refresh_statistics};
use crate::domain::audience::source::{self, Kind, SourceForm};
use crate::domain::catalog::{Brand, Topic, brand, topic};
use crate::domain::consent::opt_in::Basis;
use crate::domain::consent::told::{Claim, fault};
use crate::error::{Error, Problem, Result};
use crate::token::Keys;

use read::Rows;
use store::Store;

/// Rows of one transaction: some fifty milliseconds, so that nobody else who writes waits for long.
const BATCH: usize = 2000;

/// So many new people that the database's picture of its tables is no longer right.
const MANY: u64 = 1000;

/// Batches that are read ahead on a thread of their own.
const BATCHES_AHEAD: usize = 2;

/// At most so many bad rows are listed; all are counted.
pub const PROBLEMS_LISTED: usize = 1000;

/// What is said of a whole file.
#[derive(Debug, Clone, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ImportForm {
    /// The brand that the people agreed to hear from: its slug.
    pub brand: String,
    /// Where the file comes from: an import of your own contacts, or a licensed supplier.
    pub source: SourceForm,
    /// The lawful basis of every grant in the file.
    pub basis: Basis,
    /// For consent: the wording that the people agreed to, exactly. Where a box was ticked beforehand nobody agreed, and
    /// its rows do not belong in the file. A supplier's wording must name the brand or its company.
    #[serde(default)]
    pub wording: Option<String>,
    /// The version of the privacy policy that the people were shown; the brand's present one if left out.
    #[serde(default)]
    pub policy_version: Option<String>,
    /// For the soft opt-in: that everyone could object when the address was collected, and in every message since.
    #[serde(default)]
    pub optout_offered_at_collection: bool,
}

/// What became of a file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct ImportReport {
    /// Rows read, without the header.
    pub rows: u64,
    /// People who were not known before.
    pub created: u64,
    /// Known people of whom something new was learned.
    pub updated: u64,
    /// Opt-ins that were granted or asked for.
    pub opt_ins: u64,
    /// Opt-ins that stay ended, because the person ended them after the consent in the file.
    pub kept_withdrawn: u64,
    /// Rows left out because the address is suppressed.
    pub suppressed: u64,
    /// Rows left out because whoever had the address uses another one now, and the file names no consent since. Whoever
    /// has it now can sign up for themselves.
    pub former: u64,
    /// Rows left out because processing of the person's data is restricted.
    pub restricted: u64,
    /// Rows that break a rule.
    pub refused: u64,
    /// The first of these rows.
    pub problems: Vec<RowProblem>,
}

/// A row that breaks a rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct RowProblem {
    /// The line of the file on which the row begins; the header is line 1.
    pub line: u64,
    /// What is wrong, without any value of the row.
    pub reason: String,
}

impl ImportReport {
    fn refuse(&mut self, line: u64, reason: impl Into<String>) {
        self.refused += 1;
        if self.problems.len() < PROBLEMS_LISTED {
            self.problems.push(RowProblem { line, reason: reason.into() });
        }
    }

    /// Takes in what is to be reported of rows that were read.
    fn take_in(&mut self, read: Self) {
        self.rows += read.rows;
        self.refused += read.refused;
        let room = PROBLEMS_LISTED.saturating_sub(self.problems.len());
        self.problems.extend(read.problems.into_iter().take(room));
    }
}

/// What all rows of one import share.
struct Plan {
    keys: Keys,
    brand: Brand,
    topics: Vec<Topic>,
    source: i64,
    basis: Basis,
    wording: String,
    policy_version: String,
    actor: String,
    now: Moment,
}

/// Imports a CSV file: UTF-8, separated by commas, with a header.
///
/// Columns: `email`, and if wanted `first_name`, `last_name`, `company`, `country`, `phone`, `postal_address`,
/// `locale`, `attributes.NAME`, `topics` (such as `newsletter:email transport:post`, parted by spaces or semicolons),
/// `consented_at` (RFC 3339), `state` (`granted` or `pending`; granted if empty), and `permission_opens` and
/// `permission_clicks` (`yes`, `no` or empty). What is pending is recorded, and nobody is written to about it.
/// `progress` is told the number of rows read so far after each batch.
///
/// # Errors
/// [`Error::Invalid`] for what concerns the whole file: an unknown brand or column (nothing is kept without a
/// purpose), consent without its wording or from a supplier that did not name us (L-04), a soft opt-in from a
/// supplier or without the chance to object (L-07). Nothing is imported then. Of the database: what was reported as
/// progress is kept, and the same file can be imported again.
pub fn run(
    db: &Database,
    keys: &Keys,
    form: &ImportForm,
    file: impl Read + Send,
    now: Moment,
    mut progress: impl FnMut(u64),
) -> Result<ImportReport> {
    let (brand, topics) = db.read_here(|conn| {
        let brand = brand::find(conn, &form.brand)?;
        let topics = topic::of_brand(conn, brand.id)?;
        Ok((brand, topics))
    })?;
    let wording = check(form, &brand)?;
    let rows = Rows::open(file)?;
    let source = db.write_here(|conn| source::ensure(conn, &form.source, now))?;
    let plan = Plan {
        keys: keys.clone(),
        topics,
        source: source.id,
        basis: form.basis,
        wording,
        policy_version: form.policy_version.clone().unwrap_or_else(|| brand.policy_version.clone()),
        actor: format!("import:{}", source.public_id),
        brand,
        now,
    };
    std::thread::scope(|threads| {
        let (taker, batches) = mpsc::sync_channel(BATCHES_AHEAD);
        let plan = &plan;
        threads.spawn(move || rows.pass_on(plan, BATCH, &taker));
        let mut store = Store::new(plan);
        let mut report = ImportReport::default();
        for (batch, read) in batches {
            report.take_in(read);
            if !batch.is_empty() {
                // A batch that fails is rolled back; so are its counts.
                let mut counted = report.clone();
                db.write_here(|conn| store.keep(conn, batch, &mut counted))?;
                report = counted;
            }
            progress(report.rows);
        }
        if report.created >= MANY {
            db.write_here(|conn| refresh_statistics(conn, &["subscriber", "opt_in", "permission"]))?;
        }
        Ok(report)
    })
}

/// The rules that concern the whole file; returns the wording to keep as evidence.
fn check(form: &ImportForm, brand: &Brand) -> Result<String> {
    let mut problems = Vec::new();
    let mut refuse = |field: &str, detail: &str| problems.push(Problem::new(field, detail));
    let supplier = form.source.kind == Kind::Supplier;
    if !matches!(form.source.kind, Kind::Import | Kind::Supplier) {
        refuse("source.kind", "A file comes from an import of your own contacts or from a supplier");
    }
    let wording = form.wording.as_deref().map(str::trim).unwrap_or_default();
    if wording.chars().count() > crate::domain::consent::ledger::WORDING_CHARS_MAX {
        refuse("wording", "The wording is longer than 10,000 characters");
    }
    let claim = Claim {
        basis: form.basis,
        supplied: supplier,
        wording,
        optout_offered: form.optout_offered_at_collection,
    };
    if form.basis == Basis::Consent && wording.is_empty() {
        refuse("wording", "Consent needs the wording that the people agreed to");
    } else if let Some((field, detail)) = fault(brand, &claim) {
        refuse(field, detail);
    }
    if !problems.is_empty() {
        return Err(Error::Invalid(problems));
    }
    Ok(match wording {
        "" => {
            "Soft opt-in of existing customers (PECR regulation 22(3)); objecting was offered at collection"
                .into()
        }
        said => said.to_owned(),
    })
}
