//! The business. A room imports only rooms above it in this list, never one below:
//!
//! - [`catalog`]: the brands, channels and topics of the organisation.
//! - [`audience`]: the people, and where their data came from.
//! - [`consent`]: what each person agreed to, the proof of it, and the gate that decides who may be written to.
//! - [`tracking`]: what comes back from letters, kept only of those who allow it.

pub mod audience;
pub mod catalog;
pub mod consent;
pub mod tracking;
