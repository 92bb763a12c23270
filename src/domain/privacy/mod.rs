//! Privacy: everything held about a person, as a copy for them, its correction, another address, and its erasure.
//!
//! The rightmost room: it may look into all others, and none of them knows it.

pub mod address_change;
pub mod correct;
pub mod erase;
pub mod export;

#[cfg(test)]
mod tests;

pub use correct::correct;
pub use erase::{erase, erase_on_page};
pub use export::export;
