//! The pages on which a person changes their mind: preferences, unsubscribe, and the data we hold.
//!
//! The forms post to the page's own URL; the field `action` says which button it was.

use askama::Template;

use crate::error::Problem;
use crate::i18n::Lang;

use super::BrandView;
use super::form::{Fact, PermissionBox, TopicGroup};

/// The preference page: existing choices as they are, on one page, without logging in.
///
/// It posts `action` = `stop`, `save` or `data-link` (the values are the constants below).
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
    /// What is wrong with what was posted; usually nothing.
    pub errors: Vec<Problem>,
}

impl PreferencesPage {
    /// Withdraw everything of this brand, on all channels.
    pub const STOP: &'static str = "stop";
    /// Store the boxes that were shown.
    pub const SAVE: &'static str = "save";
    /// Mail a fresh link that shows the data we hold.
    pub const DATA_LINK: &'static str = "data-link";
}

/// What a saved preference page changed; it works from now on.
#[derive(Debug, Clone, Default, Template)]
#[template(path = "pages/preferences_result.html")]
pub struct PreferencesResultPage {
    /// The language.
    pub lang: Lang,
    /// The brand.
    pub brand: BrandView,
    /// Newly agreed to, such as "Newsletter by email".
    pub started: Vec<String>,
    /// Newly withdrawn.
    pub stopped: Vec<String>,
    /// Still agreed to.
    pub continues: Vec<String>,
    /// What changed about tracking, as whole sentences.
    pub tracking: Vec<String>,
    /// Whether the person stopped everything of this brand.
    pub stopped_everything: bool,
    /// Whether subjects are chosen and no kind of message that could be about them.
    pub subjects_only: bool,
    /// The preference page.
    pub preferences_url: String,
}

impl PreferencesResultPage {
    /// Whether nothing is different from before.
    pub fn unchanged(&self) -> bool {
        !self.stopped_everything
            && self.started.is_empty()
            && self.stopped.is_empty()
            && self.tracking.is_empty()
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

/// A fresh link to the data we hold is on its way to the address.
#[derive(Debug, Clone, Template)]
#[template(path = "pages/data_link_sent.html")]
pub struct DataLinkSentPage {
    /// The language.
    pub lang: Lang,
    /// The brand.
    pub brand: BrandView,
    /// The address with most of it hidden.
    pub masked_address: String,
    /// For how many hours the link works.
    pub valid_hours: u32,
    /// The preference page.
    pub preferences_url: String,
}

/// What we hold about a person, behind a link mailed just now (SEC-04).
///
/// It posts `action` = `copy`, or `action` = `erase` with `understood` = `yes`.
#[derive(Debug, Clone, Template)]
#[template(path = "pages/data.html")]
pub struct DataPage {
    /// The language.
    pub lang: Lang,
    /// The brand.
    pub brand: BrandView,
    /// Where the forms are posted to: the page's own URL.
    pub action: String,
    /// The full address.
    pub address: String,
    /// What else we hold, in the order to show it.
    pub facts: Vec<Fact>,
    /// What is wrong: the field `understood` if the box was not ticked.
    pub errors: Vec<Problem>,
}

impl DataPage {
    /// Answer with the copy as a file.
    pub const COPY: &'static str = "copy";
    /// Erase, if `understood` is `yes`.
    pub const ERASE: &'static str = "erase";

    /// What is wrong with the box, if anything.
    pub fn understood_error(&self) -> Option<&str> {
        self.errors.iter().find(|p| p.field == "understood").map(|p| p.detail.as_str())
    }
}

/// The account is closed and the data erased.
#[derive(Debug, Clone, Template)]
#[template(path = "pages/erased.html")]
pub struct ErasedPage {
    /// The language.
    pub lang: Lang,
    /// The brand.
    pub brand: BrandView,
}
