//! A campaign's report as people take it away: a page with charts, and a CSV file.

mod anonymous;
pub mod csv;
mod link;
mod page;

pub use link::{DAYS, ReportAddress, link};
pub use page::page;
