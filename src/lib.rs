//! Mannerly: a self-hosted server for marketing mail that asks first.

pub mod clock;
pub mod email_address;
pub mod error;
pub mod id;
pub mod secret;
pub mod token;
pub mod web;
