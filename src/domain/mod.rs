//! The business. A room imports only rooms above it in this list, never one below:
//!
//! - [`catalog`]: the brands, channels and topics of the organisation.
//! - [`audience`]: the people, and where their data came from.
//! - [`consent`]: what each person agreed to, the proof of it, and the gate that decides who may be written to.
//! - [`preferences`]: what a person sees and changes of their own choices, and the one click that ends them.
//! - [`privacy`]: everything held about a person, as a copy for them, and its erasure.

pub mod audience;
pub mod catalog;
pub mod consent;
pub mod preferences;
pub mod privacy;
