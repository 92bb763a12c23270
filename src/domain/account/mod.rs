//! Account: who may use the API, and for what.

pub mod api_key;
pub mod idempotency;

pub use api_key::{ApiKey, Scope};
