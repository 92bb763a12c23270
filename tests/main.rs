//! All tests that come through the door, in one binary: whatever they touch they touch as a stranger would.
//!
//! `support` gives each test a server with a database of its own; `both_databases!` runs a test on SQLite and on
//! PostgreSQL. `./test` starts the PostgreSQL that they share.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on has failed")]

#[macro_use]
mod support;

mod acts;
mod address_change;
mod api;
mod api_access;
mod api_campaigns;
mod api_catalog;
mod api_idempotency;
mod api_imports;
mod api_people;
mod architecture;
mod archive;
mod audience;
mod browser;
mod campaigns;
mod choices;
mod claim_race;
mod claims;
mod classes;
mod cli;
mod cli_dkim;
mod confirmations;
mod consent;
mod correct;
mod dkim;
mod erased_files;
mod faults_database;
mod faults_people;
mod faults_process;
mod faults_relay;
mod former_addresses;
mod forms_twice;
mod gate;
mod headers;
mod hostile;
mod hostile_headers;
mod hosts;
mod import;
mod incoming;
mod incoming_corpus;
mod incoming_lmtp;
mod languages;
mod letters;
mod limits;
mod logs;
mod migration;
mod notices;
mod operation;
mod outage;
mod pace;
mod pages;
mod person;
mod plans;
#[cfg(feature = "postgres-tls")]
mod postgres_tls;
mod preferences;
mod preferences_refused;
mod preflight;
mod privacy;
mod readonly;
mod receipt_fields;
mod receipts;
mod receive;
mod recorder;
mod report;
mod report_doors;
mod report_link;
mod reports_unverified;
mod retention;
mod retry;
mod rules;
mod schema;
mod settings;
mod shown_words;
mod sign_up;
mod sign_up_forms;
mod sign_up_proof;
mod sign_up_safety;
mod sign_up_strangers;
mod slow_clients;
mod stops;
mod told;
mod tracking;
mod tracking_answers;
mod tracking_once;
mod tracking_race;
mod undo;
mod unsubscribe;
mod view;
mod weight;
mod wire;
