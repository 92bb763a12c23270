//! The program: parses the command line and calls the command.

use std::process::ExitCode;

use clap::Parser;

use mannerly::cli::{Cli, receive};
use mannerly::config;

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        // A mail system reads the code, and 2 means something else to it.
        Err(error) if error.use_stderr() && config::command().as_deref() == Some("receive") => {
            eprintln!("{error}");
            return ExitCode::from(receive::USAGE);
        }
        Err(error) => error.exit(),
    };
    match cli.run() {
        Ok(code) => code,
        Err(error) => {
            eprintln!("{}", mannerly::cli::explain(&error));
            ExitCode::FAILURE
        }
    }
}
