//! The command line: starting, stopping and maintaining. One file for each command; this one is the table.

pub mod demo;
