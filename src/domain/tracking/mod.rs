//! Tracking: what comes back from letters, kept only of those who allow it.
//!
//! The gate stands here for the second time (T-07). At render it decided whether a letter carries a pixel and links
//! of its own; here, in the transaction that stores a hit, it decides once more, on what holds at that moment. A
//! withdrawal that was committed first always wins. No address and no user agent of a request ever gets this far.

mod allowed;
pub mod burst;
pub mod class;
pub mod crowd;
mod firsts;
pub mod flood;
pub mod glance;
pub mod hit;
pub mod links;
pub mod machines;
pub mod marks;
pub mod once;
pub mod permission;
pub mod pixel;
pub mod recorder;
pub mod report;
pub mod retention;
pub mod settle;
mod waiting;

use std::sync::Arc;
use std::time::Duration;

use crate::clock::DAY;

#[cfg(test)]
mod tests;

pub use class::{Class, Reason};
pub use crowd::Crowds;
pub use hit::Hit;
pub use links::Links;
pub use machines::Machines;
pub use recorder::Recorder;

/// The most counters that go into one statement.
const COUNTERS_PER_STATEMENT: usize = 500;

/// What the operator says about tracking.
#[derive(Debug, Clone)]
pub struct Options {
    /// Known programs.
    pub machines: Arc<Machines>,
    /// How long it has to be quiet before a hit is judged.
    pub quiet: Duration,
    /// How long hits are kept; afterwards only counters remain.
    pub keep: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            machines: Arc::new(Machines::built_in()),
            quiet: Duration::from_secs(10 * 60),
            keep: DAY * 365,
        }
    }
}
