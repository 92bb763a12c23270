//! All tests that come through the door, in one binary: whatever they touch they touch as a stranger would.
//!
//! `support` gives each test a server with a database of its own; `both_databases!` runs a test on SQLite and on
//! PostgreSQL. `./test` starts the PostgreSQL that they share.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on has failed")]

#[macro_use]
mod support;

mod architecture;
mod campaigns;
mod crash;
mod gate;
mod import;
mod limits;
mod outage;
mod pages;
mod schema;
mod sign_up;
