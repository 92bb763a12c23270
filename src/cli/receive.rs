//! `mannerly receive`: one message from standard input, as a mail system's pipe gives it, beside a running server.
//!
//! It ends as pipes expect (`sysexits.h`): 0 when everything is committed, 64 for a command line that makes no sense,
//! 65 for a message that is none, 67 for an address that is not ours, and 75 for "keep it and try again".

use std::io::Read;
use std::process::ExitCode;

use clap::Args;

use crate::app;
use crate::app::incoming::{self, Means};
use crate::cli::migrate::open;
use crate::clock::Clock;
use crate::config::{DatabaseArgs, DnsArgs, SecretArgs};
use crate::domain::feedback;
use crate::error::Result;
use crate::mail::dns::Dns;
use crate::mail::report;

/// The command line made no sense (`EX_USAGE`).
pub const USAGE: u8 = 64;
const DATA: u8 = 65;
const NO_USER: u8 = 67;
const TRY_AGAIN: u8 = 75;

/// Where the message came to.
#[derive(Debug, Clone, Args)]
pub(super) struct ReceiveArgs {
    /// The address that the message came to: ${recipient} in a Postfix pipe.
    #[arg(required_unless_present = "to")]
    recipient: Option<String>,
    /// The same with its name.
    #[arg(long, conflicts_with = "recipient")]
    to: Option<String>,
    #[command(flatten)]
    database: DatabaseArgs,
    #[command(flatten)]
    secret: SecretArgs,
    #[command(flatten)]
    dns: DnsArgs,
}

/// Takes the message in. The answer is for the mail system, so only the code counts; the reason goes to standard error.
pub(super) fn run(args: &ReceiveArgs) -> ExitCode {
    match take_in(args) {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            // The mail system keeps the message until somebody has mended it: a bounce must not be lost by a typing
            // error in a setting.
            eprintln!("{}", super::explain(&error));
            ExitCode::from(TRY_AGAIN)
        }
    }
}

fn take_in(args: &ReceiveArgs) -> Result<u8> {
    let mut message = Vec::new();
    std::io::stdin().lock().take(report::SIZE_MAX as u64 + 1).read_to_end(&mut message)?;
    if message.is_empty() || message.len() > report::SIZE_MAX {
        eprintln!("There is no message, or it is longer than 10 MB");
        return Ok(DATA);
    }
    let keys = args.secret.keys()?;
    let dns = Dns::new(args.dns.servers()?);
    let (db, now) = (open(&args.database)?, Clock::System.now());
    db.write_here(|conn| app::adopt(conn, &keys, now))?;
    let address = args.to.as_ref().or(args.recipient.as_ref()).cloned().unwrap_or_default();
    let Some(to) = db.read_here(|conn| feedback::mailbox(conn, &keys, &address))? else {
        eprintln!("There is no such mailbox here");
        return Ok(NO_USER);
    };
    let means = Means { db: &db, keys: &keys, dns: &dns };
    match super::wait_for(incoming::take_in(means, to, &message, now))?? {
        Some(_) => Ok(0),
        None => {
            eprintln!("The key of who signed it cannot be asked for now");
            Ok(TRY_AGAIN)
        }
    }
}
