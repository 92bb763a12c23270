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
use crate::i18n::{Lang, Saying};

/// Reads the name of a box as forms and files write it: `newsletter:email`.
pub fn parse_choice(text: &str) -> Option<(&str, Channel)> {
    let (topic, channel) = text.rsplit_once(':')?;
    Some((topic, Channel::parse(channel)?))
}

/// Something to agree to, as people read it in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Item {
    /// A topic, by its name, on a channel: "Newsletter by email".
    Topic(String, Channel),
    /// A tracking permission.
    Permission(permission::Kind),
}

impl Item {
    /// The words for it.
    pub fn say(&self, lang: Lang) -> String {
        match self {
            Self::Topic(topic, channel) => topic_item(lang, topic, *channel).to_string(),
            Self::Permission(kind) => permission_item(lang, *kind).to_string(),
        }
    }
}

/// A topic on a channel, as people read it: "Newsletter by email".
pub fn topic_item(lang: Lang, topic: &str, channel: Channel) -> Saying {
    match channel {
        Channel::Email => lang.say("item-email").with("topic", topic),
        Channel::Phone => lang.say("item-phone").with("topic", topic),
        Channel::Post => lang.say("item-post").with("topic", topic),
    }
}

/// A tracking permission, as people read it.
pub fn permission_item(lang: Lang, kind: permission::Kind) -> Saying {
    match kind {
        permission::Kind::Opens => lang.say("item-opens"),
        permission::Kind::Clicks => lang.say("item-clicks"),
        permission::Kind::Profiling => lang.say("item-profiling"),
    }
}
