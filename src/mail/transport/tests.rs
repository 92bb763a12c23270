//! The transport against servers that follow a script.
