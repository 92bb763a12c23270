//! Audience: the people a brand may deal with, and where their data came from.

pub mod former_address;
pub mod phone;
pub mod source;
pub mod subscriber;

pub use source::Source;
pub use subscriber::Subscriber;
