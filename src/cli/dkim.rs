//! `mannerly dkim`: the keys that sign letters, and the DNS records that belong to them.
//!
//! What `create` and `records` print can be pasted into a zone file as it is: words stand behind a semicolon.

use clap::{Args, Subcommand};

use crate::app;
use crate::cli::migrate::open;
use crate::cli::{say, wait_for};
use crate::clock::Clock;
use crate::config::{DatabaseArgs, DnsArgs, SecretArgs};
use crate::db::{Database, DbConnection};
use crate::domain::campaign::preflight::{self, PublishedKey};
use crate::domain::catalog::brand;
use crate::domain::catalog::dkim_key::{self, DkimKey, NewPair};
use crate::error::{Error, Result};
use crate::mail::dkim::zone_record;
use crate::mail::dns::{Dns, Servers};

/// How many brands are looked at for a hint.
const BRANDS_MAX: i64 = 1000;

/// What to do with the keys.
#[derive(Debug, Subcommand)]
pub(super) enum DkimCommand {
    /// Make an RSA and an Ed25519 key for a domain and print their DNS records. They sign nothing before `use`.
    Create {
        /// The domain behind the @ of the sender. A key also signs for the domains below it that have none.
        domain: String,
        /// What the two selectors begin with: at most 50 letters, digits and hyphens. The day if left out.
        #[arg(long, value_name = "NAME")]
        selector: Option<String>,
        #[command(flatten)]
        secret: SecretArgs,
        #[command(flatten)]
        database: DatabaseArgs,
    },
    /// List all keys: domain, selector, algorithm, state.
    List(DatabaseArgs),
    /// Print the DNS records of keys once more.
    Records(WhichArgs),
    /// Sign with these keys from the next letter on, once DNS has their records; those that signed before them are
    /// retired.
    Use(UseArgs),
    /// Sign with these keys no more.
    Retire(WhichArgs),
}

/// Which keys.
#[derive(Debug, Args)]
pub(super) struct WhichArgs {
    /// The domain.
    domain: String,
    /// The selector of one key, or what both selectors of a pair begin with.
    selector: String,
    #[command(flatten)]
    database: DatabaseArgs,
}

/// Which keys, and whether DNS has a say.
#[derive(Debug, Args)]
pub(super) struct UseArgs {
    #[command(flatten)]
    which: WhichArgs,
    #[command(flatten)]
    dns: DnsArgs,
    /// Do not look whether DNS has their records. Until it has, receivers take every signature for a forged one.
    #[arg(long)]
    force: bool,
}

/// Runs one of the commands.
pub(super) fn run(command: DkimCommand) -> Result<()> {
    let now = Clock::System.now();
    match command {
        DkimCommand::Create { domain, selector, secret, database } => {
            let keys = secret.keys()?;
            let domain = dkim_key::domain_name(&domain)?;
            let database = open(&database)?;
            database.write_here(|conn| app::adopt(conn, &keys, now))?;
            let pair = NewPair::generate()?;
            let made = database
                .write_here(|conn| dkim_key::store(conn, &keys, &domain, selector.as_deref(), &pair, now))?;
            let sends = database.read_here(|conn| sends_from(conn, &domain))?;
            let rotates = !database.read_here(|conn| dkim_key::signing_for(conn, &domain))?.is_empty();
            say(&created(&made, sends, rotates));
        }
        DkimCommand::List(database) => {
            for key in open(&database)?.read_here(dkim_key::list)? {
                say(&line(&key));
            }
        }
        DkimCommand::Records(which) => {
            let keys = open(&which.database)?
                .read_here(|conn| dkim_key::named(conn, &which.domain, &which.selector))?;
            say(&records(&keys));
        }
        DkimCommand::Use(UseArgs { which, dns, force }) => {
            let database = open(&which.database)?;
            let keys = database.read_here(|conn| dkim_key::named(conn, &which.domain, &which.selector))?;
            if !force {
                see_published(&keys, dns.servers()?)?;
            }
            database.write_here(|conn| dkim_key::activate(conn, &which.domain, &which.selector, now))?;
            say_state(&database, &which)?;
            say(
                "These sign from the next letter on. Leave the records of retired keys in DNS for a month: letters \
                 that are still on their way are checked with them.",
            );
        }
        DkimCommand::Retire(which) => {
            let database = open(&which.database)?;
            let retired =
                database.write_here(|conn| dkim_key::retire(conn, &which.domain, &which.selector, now))?;
            say_state(&database, &which)?;
            let domain = retired.first().map_or(which.domain.as_str(), |key| key.domain.as_str());
            if database.read_here(|conn| dkim_key::signing_for(conn, domain))?.is_empty() {
                say(&format!("Nothing signs letters from {domain} now: they carry no one-click header."));
            }
        }
    }
    Ok(())
}

/// Asks DNS for the records of keys that are to sign.
fn see_published(keys: &[DkimKey], servers: Servers) -> Result<()> {
    let keys: Vec<PublishedKey> = keys.iter().cloned().map(PublishedKey::of).collect();
    let Some(answers) = wait_for(Dns::new(servers).ask(preflight::records_of(&keys)))? else {
        return Err(Error::conflict(
            "Nobody may be asked whether DNS has the records of these keys (--dns none): name a server, or say --force",
        ));
    };
    preflight::check_published(&keys, &answers)
}

/// Shows all keys of the domain as they are now.
fn say_state(database: &Database, which: &WhichArgs) -> Result<()> {
    let domain = dkim_key::domain_name(&which.domain)?;
    for key in database.read_here(dkim_key::list)?.iter().filter(|key| key.domain == domain) {
        say(&line(key));
    }
    Ok(())
}

fn line(key: &DkimKey) -> String {
    format!(
        "{}  {}  {}  {} since {}  made {}",
        key.domain,
        key.selector,
        key.algorithm.as_str(),
        key.state,
        key.changed_at,
        key.created_at
    )
}

/// Whether a brand sends from the domain or one below it.
fn sends_from(conn: &mut DbConnection, domain: &str) -> Result<bool> {
    let below = |from: &str| from == domain || from.ends_with(&format!(".{domain}"));
    let brands = brand::list(conn, 0, BRANDS_MAX)?;
    Ok(brands.iter().any(|brand| below(brand.marketing_from.domain()) || below(brand.service_from.domain())))
}

fn records(keys: &[DkimKey]) -> String {
    let records: Vec<String> =
        keys.iter().map(|key| zone_record(&key.record_name(), &key.record_text())).collect();
    records.join("\n")
}

/// The records of a new pair, and what to do with them.
fn created(made: &[DkimKey], sends: bool, rotates: bool) -> String {
    let Some(key) = made.first() else { return String::new() };
    let domain = &key.domain;
    let pair = key.pair();
    let steps = match rotates {
        false => format!(
            "; This pair waits; nothing signs with it yet:\n\
             ; 1. Publish these records.\n\
             ; 2. When resolvers show them: mannerly dkim use {domain} {pair}\n\
             ; 3. To rotate, once a year or so: mannerly dkim create {domain}"
        ),
        true => format!(
            "; This pair waits; nothing signs with it yet:\n\
             ; 1. Publish these records, and leave those of the pair before.\n\
             ; 2. When resolvers show them: mannerly dkim use {domain} {pair}\n\
             ; 3. A month later, take the records of the retired pair out of DNS."
        ),
    };
    let hint = match sends {
        true => String::new(),
        false => format!("\n; No brand sends from {domain} yet, or from a domain below it."),
    };
    format!("; DKIM keys of {domain}, for its zone file.\n{}\n{steps}{hint}", records(made))
}
