//! The business. A room imports only rooms above it in this list, never one below:
//!
//! - [`account`]: who may use the API, and for what.
//! - [`catalog`]: the brands, channels and topics of the organisation.
//! - [`audience`]: the people, and where their data came from.
//! - [`consent`]: what each person agreed to, the proof of it, and the gate that decides who may be written to.

pub mod account;
pub mod audience;
pub mod catalog;
pub mod consent;
