//! The pages on which a person changes their mind: preferences and unsubscribe.
//!
//! The forms post to the page's own URL; the field `action` says which button it was.

use askama::Template;

use crate::error::Problem;
use crate::i18n::Lang;

use super::BrandView;
use super::form::{PermissionBox, Radio, TopicGroup, permission_starts, starts};

/// The preference page: existing choices as they are, on one page, without logging in.
///
/// It is one form, so that no button loses what was ticked without a word, and each button posts an `action`: the values
/// are the constants below. The first button of the form is Save and stands for nobody to see or reach, so that Enter
/// always means Save.
#[derive(Debug, Clone, Template)]
#[template(path = "pages/preferences.html")]
pub struct PreferencesPage {
    /// The language.
    pub lang: Lang,
    /// The brand.
    pub brand: BrandView,
    /// Where the forms are posted to: the page's own URL.
    pub action: String,
    /// The address with most of it hidden; the full one is never on this page (SEC-04).
    pub masked_address: String,
    /// That use of the person's data is restricted and nothing is sent, as a sentence; usually empty.
    pub restricted: String,
    /// The topics by kind.
    pub groups: Vec<TopicGroup>,
    /// The boxes for tracking.
    pub permissions: Vec<PermissionBox>,
    /// The sentence a person agrees to with each box: shown exactly so, and kept in the ledger.
    pub wording: String,
    /// Stands for all the words of the page, so that what is posted was agreed to under those in force (L-02).
    pub seen: String,
    /// Whether the browser asks not to be tracked (`Sec-GPC: 1` or `DNT: 1`): the boxes are left off and
    /// the page says so (O-17).
    pub gpc: bool,
    /// What comes now, of which one can be kept alone; none where there is nothing to choose between.
    pub can_keep: Vec<Kept>,
    /// Whether anything about the person may be recorded, so that it can be ended.
    pub is_tracked: bool,
    /// When the page was opened: microseconds since 1970.
    pub opened: i64,
    /// Until which day the brand pauses; empty if it does not.
    pub paused_until: String,
    /// The day that was typed, where the page comes back.
    pub pause_typed: String,
    /// The first and the last day that can be chosen, as `2026-12-24`.
    pub pause_first: String,
    /// See `pause_first`.
    pub pause_last: String,
    /// How often at most, as it is stored.
    pub at_most: String,
    /// The answers to how often at most.
    pub at_most_radios: Vec<Radio>,
    /// The tag of the language that is stored; empty for none.
    pub locale: String,
    /// The same as it is chosen in the list.
    pub chosen_locale: String,
    /// The other brands that deal with the person.
    pub others: Vec<OtherBrand>,
    /// What is wrong with what was posted; usually nothing.
    pub errors: Vec<Problem>,
}

/// A kind of message in a way in which it comes.
#[derive(Debug, Clone)]
pub struct Kept {
    /// What it posts, as `newsletter:email`.
    pub value: String,
    /// What it is called.
    pub label: String,
}

/// Another brand that deals with the person.
#[derive(Debug, Clone)]
pub struct OtherBrand {
    /// Its short word.
    pub slug: String,
    /// Its name.
    pub name: String,
}

impl PreferencesPage {
    /// For how many months a pause can be chosen from the list.
    pub const MONTHS: [u32; 3] = [1, 3, 6];
    /// Where people in the United Kingdom complain.
    pub const ICO: &'static str = "https://ico.org.uk/make-a-complaint/";
    /// Where people in the European Union find whom to complain to.
    pub const EDPB: &'static str = "https://www.edpb.europa.eu/about-edpb/about-edpb/members_en";
    /// Send nothing until a day.
    pub const PAUSE: &'static str = "pause";
    /// End the pause.
    pub const RESUME: &'static str = "resume";
    /// Agree to every topic that comes by email.
    pub const ALL_EMAIL: &'static str = "all-email";
    /// End every topic on every channel.
    pub const NONE: &'static str = "none";
    /// Keep one kind of message in one way, and end every other.
    pub const ONLY: &'static str = "only";
    /// End every permission to track.
    pub const NO_TRACKING: &'static str = "no-tracking";
    /// Mail the link to the choices at another brand, whose short word follows.
    pub const OTHER_LINK: &'static str = "other-link:";
    /// Withdraw everything of this brand, on all channels.
    pub const STOP: &'static str = "stop";
    /// Store the boxes that were shown.
    pub const SAVE: &'static str = "save";
    /// Mail a fresh link that shows the data we hold.
    pub const DATA_LINK: &'static str = "data-link";

    /// All boxes, and how they started.
    pub fn shown(&self) -> String {
        starts(&self.groups)
    }

    /// The same of the boxes for tracking.
    pub fn shown_permissions(&self) -> String {
        permission_starts(&self.permissions, self.gpc)
    }

    /// What is wrong with the day that was typed, if anything.
    pub fn pause_error(&self) -> Option<&str> {
        self.errors
            .iter()
            .find(|problem| problem.field == "pause_until")
            .map(|problem| problem.detail.as_str())
    }
}

/// What an unsubscribe link shows to a person: the scope and one button (M-11). Opening it changes nothing.
#[derive(Debug, Clone, Template)]
#[template(path = "pages/unsubscribe.html")]
pub struct UnsubscribePage {
    /// The language.
    pub lang: Lang,
    /// The brand.
    pub brand: BrandView,
    /// Where the button posts to: the page's own URL.
    pub action: String,
    /// What will stop, such as "all marketing email from Example Press".
    pub scope: String,
    /// The preference page, for finer choices; empty if the person has none any more.
    pub preferences_url: String,
}

impl UnsubscribePage {
    /// The field that only the page's own button posts: it is answered with a page, a mail program with a word.
    pub const ON_PAGE: &'static str = "page";
}

/// What stopped, and what goes on.
#[derive(Debug, Clone, Template)]
#[template(path = "pages/unsubscribed.html")]
pub struct UnsubscribedPage {
    /// The language.
    pub lang: Lang,
    /// The brand.
    pub brand: BrandView,
    /// What stopped: the same words as on [`UnsubscribePage`].
    pub scope: String,
    /// What the person still gets, such as "Newsletter by post".
    pub continues: Vec<String>,
    /// The preference page; empty if the person has none any more.
    pub preferences_url: String,
}

/// The link to the choices at another brand is on its way to the address, or was mailed before.
#[derive(Debug, Clone, Template)]
#[template(path = "pages/other_link_sent.html")]
pub struct OtherLinkSentPage {
    /// The language.
    pub lang: Lang,
    /// The brand of the page that it was asked for on.
    pub brand: BrandView,
    /// The name of the other brand.
    pub other: String,
    /// The address with most of it hidden.
    pub masked_address: String,
    /// Whether one was mailed now; otherwise as many as may be were mailed already.
    pub sent: bool,
    /// How many are mailed in a day at most.
    pub most: i64,
    /// Whether boxes were changed and not saved.
    pub unsaved: bool,
    /// The preference page.
    pub preferences_url: String,
}

/// A fresh link to the data we hold is on its way to the address, or was mailed before.
#[derive(Debug, Clone, Template)]
#[template(path = "pages/data_link_sent.html")]
pub struct DataLinkSentPage {
    /// The language.
    pub lang: Lang,
    /// The brand.
    pub brand: BrandView,
    /// The address with most of it hidden.
    pub masked_address: String,
    /// Whether one was mailed now; otherwise as many as may be were mailed already.
    pub sent: bool,
    /// How many are mailed in a day at most.
    pub most: i64,
    /// Whether boxes were changed and not saved.
    pub unsaved: bool,
    /// For how many hours the link works.
    pub valid_hours: u32,
    /// The preference page.
    pub preferences_url: String,
}
