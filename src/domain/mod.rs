//! The business. A room imports only rooms above it in this list, never one below:
//!
//! - [`outbox`]: service mails, written in the transaction of their reason.
//! - [`catalog`]: the brands, channels and topics of the organisation.
//! - [`audience`]: the people, and where their data came from.
//! - [`consent`]: what each person agreed to, the proof of it, and the gate that decides who may be written to.
//! - [`intake`]: people and their first consent come in together, by a sign-up or an import.

pub mod audience;
pub mod catalog;
pub mod consent;
pub mod intake;
pub mod outbox;
