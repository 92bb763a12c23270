//! The door for requests: the only floor that speaks HTTP.
//!
//! It turns requests into calls of the domain and the answers into pages or JSON; it never decides
//! who may be written to.

pub mod form;
pub mod page;
