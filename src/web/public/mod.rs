//! What people touch, mostly by a signed link: one file per page. No cookies, no login, no JavaScript.

pub mod confirm;
pub mod link;
pub mod sign_up;
pub mod view;
