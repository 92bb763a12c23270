//! A campaign's report as people take it away: a page with charts, and a CSV file.

mod anonymous;
pub mod csv;
mod page;

pub use page::page;
