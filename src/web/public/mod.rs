//! What people touch, mostly by a signed link: one file per page. No cookies, no login, no JavaScript.

pub mod logo;
