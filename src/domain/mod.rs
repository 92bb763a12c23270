//! The business. A room imports only rooms above it in this list, never one below:
//!
//! - [`outbox`]: service mails, written in the transaction of their reason.
//! - [`account`]: who may use the API, and for what.
//! - [`catalog`]: the brands, channels and topics of the organisation.
//! - [`audience`]: the people, and where their data came from.
//! - [`consent`]: what each person agreed to, the proof of it, and the gate that decides who may be written to.
//! - [`intake`]: people and their first consent come in together, by a sign-up or an import.
//! - [`campaign`]: what is said, to whom it would go, and the states it passes through.
//! - [`delivery`]: one row per campaign and person: planned, claimed through the gate, handed over, settled.
//! - [`tracking`]: what comes back from letters, kept only of those who allow it.
//! - [`preferences`]: what a person sees and changes of their own choices, and the one click that ends them.
//! - [`feedback`]: what comes back by mail: bounces, complaints and unsubscribes, and what follows from each.
//! - [`privacy`]: everything held about a person, as a copy for them, and its erasure.

pub mod account;
pub mod audience;
pub mod campaign;
pub mod catalog;
pub mod consent;
pub mod delivery;
pub mod feedback;
pub mod intake;
pub mod outbox;
pub mod preferences;
pub mod privacy;
pub mod tracking;
