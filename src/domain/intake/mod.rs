//! Intake: people and their first consent come in together, by a brand's sign-up form or by an import.
//!
//! A public form only leaves a request; a job works it off. So the answer, and the time it takes, cannot depend on
//! who is known (SEC-05).

pub mod confirm;
pub mod import;
pub mod request;
pub mod sign_up;

use crate::domain::catalog::Channel;
use crate::domain::consent::permission;

/// Reads the name of a box as forms and files write it: `newsletter:email`.
pub fn parse_choice(text: &str) -> Option<(&str, Channel)> {
    let (topic, channel) = text.rsplit_once(':')?;
    Some((topic, Channel::parse(channel)?))
}

/// A topic on a channel, as people read it: "Newsletter by email".
pub fn item(topic: &str, channel: Channel) -> String {
    format!("{topic} by {channel}")
}

/// A tracking permission, as people read it.
pub fn permission_item(kind: permission::Kind) -> &'static str {
    match kind {
        permission::Kind::Opens => "Counting when you open an email",
        permission::Kind::Clicks => "Counting when you follow a link",
        permission::Kind::Profiling => "Choosing what to send by what you did",
    }
}
