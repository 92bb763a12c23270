//! The mail room: templates, letters and the ways out of the house.
//!
//! It knows the RFCs and nothing of the business: who may get what is decided above, and reaches the
//! [`transport`] as a [`transport::Clearance`]. A letter's way is [`template`] and [`html`] once for a
//! campaign, then `render`, [`letter`] and `hand_over` for each person.

pub mod html;
pub mod letter;
pub mod link;
mod markup;
pub mod read;
pub mod relay;
pub mod report;
pub mod template;
pub mod text;
pub mod transport;
