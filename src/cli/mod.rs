//! The command line: starting, stopping and maintaining. One file for each command; this one is the table.
//!
//! A command prints its result to standard output and its log to standard error, and ends with 0 or, with the reason
//! in words, with 1. Words that cannot be understood end with 2. `receive` ends with the codes that mail systems know.

mod api_key;
mod check_config;
pub mod demo;
mod dkim;
mod import;
mod log;
mod migrate;
mod openapi;
mod preflight;
pub mod receive;
mod report;
mod restored;
mod serve;

use std::io::{IsTerminal, Write};
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::config::{DatabaseArgs, LogArgs, LogLevel, ServerArgs};
use crate::error::{Error, Result};

/// A self-hosted server for marketing mail that asks first.
#[derive(Debug, Parser)]
#[command(name = "mannerly", version, max_term_width = 100)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    log: LogArgs,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the server: pages, API, and the jobs that send. SIGTERM or Ctrl-C ends it gracefully.
    Serve(Box<ServerArgs>),
    /// Run the main job without anything prepared: people, a campaign, and the mail to look at.
    Demo(demo::DemoArgs),
    /// Make the database if there is none, and bring its schema up to date. `serve` does it too.
    Migrate(DatabaseArgs),
    /// Prepare a database that was put back from a backup, before a server starts on it.
    ///
    /// Campaigns on their way are paused, because what was sent since the backup would be sent again, and links that were
    /// mailed since are kept from leading to somebody else.
    Restored(DatabaseArgs),
    /// Check the settings of `serve` and report all problems at once.
    CheckConfig(Box<ServerArgs>),
    /// Check a brand's senders as mailbox providers do: SPF, DKIM, DMARC. Ends with 1 if a campaign could not start.
    Preflight(Box<preflight::PreflightArgs>),
    /// Make, list and revoke the keys of the API.
    #[command(subcommand)]
    ApiKey(api_key::ApiKeyCommand),
    /// Make, list, use and retire the keys that sign letters (DKIM).
    #[command(subcommand)]
    Dkim(dkim::DkimCommand),
    /// Import people and what they agreed to from a CSV file.
    Import(Box<import::ImportArgs>),
    /// Take in one message from standard input: a bounce, a complaint or an unsubscribe, as a mail system's pipe gives
    /// it.
    Receive(Box<receive::ReceiveArgs>),
    /// Write a campaign's report as an HTML page with charts or as a CSV file.
    Report(report::ReportArgs),
    /// Print the API's document (OpenAPI 3.1).
    Openapi,
}

impl Cli {
    /// Runs the command to its end. Returns the code that it ends with.
    ///
    /// # Errors
    /// Whatever kept the command from its end; [`explain`] says it in words.
    pub fn run(self) -> Result<ExitCode> {
        let usual = if matches!(self.command, Command::Serve(_)) { LogLevel::Info } else { LogLevel::Warn };
        log::start(&self.log, usual);
        match self.command {
            Command::Receive(args) => return Ok(receive::run(&args)),
            Command::Serve(server) => serve::run(&server),
            Command::Demo(args) => demo::run(&args),
            Command::Migrate(database) => migrate::run(&database),
            Command::Restored(database) => restored::run(&database),
            Command::CheckConfig(server) => check_config::run(&server),
            Command::Preflight(args) => preflight::run(*args),
            Command::ApiKey(command) => api_key::run(command),
            Command::Dkim(command) => dkim::run(command),
            Command::Import(args) => import::run(*args),
            Command::Report(args) => report::run(&args),
            Command::Openapi => openapi::run(),
        }?;
        Ok(ExitCode::SUCCESS)
    }
}

/// An error for whoever typed the command: each problem on a line of its own.
pub fn explain(error: &Error) -> String {
    match error {
        Error::Invalid(problems) => {
            let lines = problems.iter().map(|problem| match problem.field.as_str() {
                "" => problem.detail.clone(),
                field => format!("--{field}: {}", problem.detail),
            });
            lines.collect::<Vec<_>>().join("\n")
        }
        other => other.to_string(),
    }
}

/// Writes to standard output; that nobody reads any more is no failure of the command.
fn say(text: &str) {
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{text}");
}

/// Waits for what a command asks the network, on this thread.
fn wait_for<T>(work: impl Future<Output = T>) -> Result<T> {
    Ok(tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(work))
}

/// Whether a person is looking at standard error.
fn is_watched() -> bool {
    std::io::stderr().is_terminal()
}
