//! Mannerly: a self-hosted server for marketing mail that asks first.
//!
//! An account manages a catalog of brands, channels and topics; the audience gives consent, directly or through
//! intake (sign-up, import); a campaign becomes deliveries; tracking records what comes back; preferences and privacy
//! show, change and remove it all; feedback is what comes back by mail.
//!
//! The floors, from the top; a lower one never imports a higher one (`tests/architecture.rs` sees to it):
//!
//! - roof: [`cli`] starts, stops and maintains.
//! - 4: [`web`] (requests), [`jobs`] (time) and [`incoming`] (mail): three doors that never import each other.
//! - 3: [`app`] is what the doors carry in, [`config`] what the server was told.
//! - 2: [`domain`] is the business.
//! - 1: [`mail`] and [`db`] are tools that know RFCs and SQL.
//! - ground: values and rules that everyone uses.

#[macro_use]
pub mod db;

pub mod cli;

pub mod incoming;
pub mod jobs;
pub mod web;

pub mod app;
pub mod config;
pub mod domain;
pub mod mail;

pub mod clock;
pub mod email_address;
pub mod error;
pub mod i18n;
pub mod id;
pub mod line;
pub mod percent;
pub mod secret;
pub mod token;
