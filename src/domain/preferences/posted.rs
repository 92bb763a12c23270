//! What comes back from the preference page: what was shown, how it started, and what of it was ticked.

use crate::clock::Moment;
use crate::domain::catalog::Channel;
use crate::domain::consent::brand_choice::AtMost;
use crate::domain::consent::permission::Kind;

/// What came back from the page: what was shown, and what of it was ticked.
#[derive(Debug, Clone, Default)]
pub struct Posted {
    /// Each topic's slug with a channel, in the order of the page, and whether its box started ticked.
    pub shown: Vec<((String, Channel), bool)>,
    /// Those of them that came back ticked.
    pub ticked: Vec<(String, Channel)>,
    /// The permissions that were asked for, and how their boxes started.
    pub shown_permissions: Vec<(Kind, Start)>,
    /// Those of them that came back ticked.
    pub ticked_permissions: Vec<Kind>,
    /// How often at most: what was shown, and what came back.
    pub at_most: Option<(AtMost, AtMost)>,
    /// The language: what was shown, and what came back; empty for none.
    pub locale: Option<(String, String)>,
    /// Until when to pause, where a day was typed.
    pub pause: Option<Moment>,
}

impl Posted {
    /// Whether anything came back otherwise than it was shown.
    pub fn is_touched(&self) -> bool {
        let box_touched =
            |(item, started): &((String, Channel), bool)| *started != self.ticked.contains(item);
        let permission_touched = |(kind, start): &(Kind, Start)| {
            (*start == Start::Ticked) != self.ticked_permissions.contains(kind)
        };
        self.shown.iter().any(box_touched)
            || self.shown_permissions.iter().any(permission_touched)
            || self.at_most.is_some_and(|(shown, chosen)| shown != chosen)
            || self.locale.as_ref().is_some_and(|(shown, chosen)| shown != chosen)
            || self.pause.is_some()
    }
}

word_enum! {
    /// How the box of a permission started.
    pub enum Start {
        /// Granted, and ticked.
        Ticked = "on",
        /// Not granted, and empty.
        Empty = "off",
        /// Empty whatever is stored, because the browser asks not to be tracked: leaving it so says nothing (O-17).
        Emptied = "emptied",
    }
}
