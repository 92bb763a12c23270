//! The log: one line per event on standard error, for people or for programs.

use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::prelude::*;

use crate::config::{LogArgs, LogFormat, LogLevel};

/// Starts the log, with a level for where none was said. Libraries are never heard below a warning: what they write
/// there could name people.
pub(super) fn start(args: &LogArgs, usual: LogLevel) {
    let level = match args.log.unwrap_or(usual) {
        LogLevel::Error => LevelFilter::ERROR,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Debug => LevelFilter::DEBUG,
    };
    // Whoever connects could fill the log: actix calls every request that it cannot read an error.
    let heard = Targets::new()
        .with_default(level.min(LevelFilter::WARN))
        .with_target("mannerly", level)
        .with_target("actix_http", LevelFilter::OFF);
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_target(false);
    match args.log_format {
        LogFormat::Text => {
            tracing_subscriber::registry()
                .with(lines.with_ansi(super::is_watched()).with_filter(heard))
                .init();
        }
        LogFormat::Json => {
            tracing_subscriber::registry().with(lines.json().flatten_event(true).with_filter(heard)).init();
        }
    }
}
