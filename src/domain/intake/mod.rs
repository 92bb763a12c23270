//! Intake: people and their first consent come in together, by a brand's sign-up form or by an import.
//!
//! A public form only leaves a request; a job works it off. So the answer, and the time it takes, cannot depend on
//! who is known (SEC-05).

pub mod confirm;
pub mod import;
pub mod lane;
pub mod proof;
pub mod request;
pub mod sign_up;

use std::time::Duration;

use crate::domain::catalog::Channel;
use crate::domain::consent::permission;
use crate::i18n::{Lang, Saying, country};

/// What an operator may say about sign-ups whose form came without a proof of work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// How long their confirmation mail waits.
    pub unproven_delay: Duration,
    /// How many such mails of a brand leave in an hour at most; at least 1.
    pub unproven_hourly: u32,
}

impl Default for Options {
    fn default() -> Self {
        Self { unproven_delay: Duration::from_secs(60), unproven_hourly: 60 }
    }
}

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

/// Something that was typed in a form and that the press of the button keeps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Detail {
    /// The name of the field: `first_name` and so on, `locale`, or that of an attribute.
    pub field: String,
    /// What was typed.
    pub value: String,
}

impl Detail {
    /// What it is called, and the value as a page may show it to whoever has the link: ways to reach somebody only
    /// by their beginning and end, because a mail can be forwarded (SEC-04).
    pub fn say(&self, lang: Lang) -> (String, String) {
        let plain = || self.value.clone();
        let (label, value) = match self.field.as_str() {
            "first_name" => (lang.say("first-name-label"), plain()),
            "last_name" => (lang.say("last-name-label"), plain()),
            "company" => (lang.say("company-label"), plain()),
            "country" => {
                let name = country::name(lang, &self.value);
                (lang.say("country-label"), name.map_or_else(plain, str::to_owned))
            }
            "phone" => (lang.say("phone-label"), ends(&self.value)),
            "postal_address" => (lang.say("post-label"), ends(&self.value)),
            "locale" => {
                let language = Lang::read(&self.value).map(Lang::own_name);
                (lang.say("language-heading"), language.map_or_else(plain, str::to_owned))
            }
            attribute => return (attribute.to_owned(), plain()),
        };
        (label.to_string(), value)
    }
}

/// The first and the last letters of something that is long enough to stay unknown between them.
fn ends(value: &str) -> String {
    let letters: Vec<char> = value.chars().collect();
    let keep = (letters.len() / 4).min(4);
    let (start, end) = (&letters[..keep], &letters[letters.len() - keep..]);
    let text = |part: &[char]| part.iter().collect::<String>().trim().to_owned();
    format!("{} … {}", text(start), text(end)).trim().to_owned()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_and_an_address_are_known_by_their_ends_and_not_readable() {
        for (value, shown) in [
            ("+44 118 496 0111", "+44 … 0111"),
            ("1 Example Street, Exampleton EX1 1EX", "1 Ex … 1EX"),
            ("+4411849", "+4 … 49"),
            ("abc", "…"),
            ("Łódź Ö", "Ł … Ö"),
        ] {
            assert_eq!(ends(value), shown);
        }
    }
}
