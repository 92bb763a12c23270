//! Tracking: what comes back from letters, kept only of those who allow it.
//!
//! The gate stands here for the second time (T-07). At render it decided whether a letter carries a pixel and links
//! of its own; here, in the transaction that stores a hit, it decides once more, on what holds at that moment. A
//! withdrawal that was committed first always wins. No address and no user agent of a request ever gets this far.

pub mod class;
pub mod hit;
pub mod links;
pub mod permission;
pub mod pixel;
pub mod recorder;
pub mod report;

#[cfg(test)]
mod tests;

pub use class::{Class, Reason};
pub use hit::Hit;
pub use links::Links;
pub use recorder::Recorder;
