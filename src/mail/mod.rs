//! The mail room: templates, letters and the ways out of the house.
//!
//! It knows the RFCs and nothing of the business: who may get what is decided above, and reaches the
//! [`transport`] as a [`transport::Clearance`]. A campaign's way is [`template`], [`html`] and [`frame`] once, then
//! `write` and `hand_over` for each person; a service mail is a [`letter`].

pub mod compose;
pub mod dkim;
pub mod dns;
pub mod frame;
mod header;
pub mod html;
pub mod letter;
pub mod link;
mod markup;
mod mjml;
pub mod prose;
mod quoted;
pub mod read;
pub mod relay;
pub mod report;
pub mod shown;
pub mod template;
pub mod text;
pub mod transport;
pub mod visible;
