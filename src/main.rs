//! The program: parses the command line and calls the command.

use std::process::ExitCode;

use clap::Parser;

use mannerly::cli::Cli;

fn main() -> ExitCode {
    match Cli::parse().run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{}", mannerly::cli::explain(&error));
            ExitCode::FAILURE
        }
    }
}
