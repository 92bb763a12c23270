//! What a person did: what changed and what did not, since when, what may still arrive, the button that undoes it, and
//! the receipt.

use askama::Template;

use crate::error::Problem;
use crate::i18n::Lang;

use super::BrandView;
use super::form::{Fact, Radio};

/// The page of an act. It posts `action` = `undo`, or `action` = `reason` with a `reason`.
#[derive(Debug, Clone, Default, Template)]
#[template(path = "pages/preferences_result.html")]
pub struct ResultPage {
    /// The language.
    pub lang: Lang,
    /// The brand.
    pub brand: BrandView,
    /// Where the forms are posted to: the page's own URL.
    pub action: String,
    /// The heading, which says what was done.
    pub heading: String,
    /// What that means, as a sentence; empty where `scope` says it.
    pub lead: String,
    /// What stopped, such as "all marketing email from Example Press"; only after unsubscribing.
    pub scope: String,
    /// When it was done, as a sentence.
    pub when: String,
    /// That use of the person's data is restricted and nothing is sent, as a sentence; usually empty.
    pub restricted: String,
    /// Until which day the brand pauses, as a sentence; empty if it does not, or if the heading says so.
    pub pause: String,
    /// Whether it pauses, so that what is chosen comes only afterwards.
    pub is_paused: bool,
    /// Newly agreed to, such as "Newsletter by email".
    pub started: Vec<String>,
    /// Newly withdrawn.
    pub stopped: Vec<String>,
    /// What changed about tracking, as whole sentences.
    pub tracking: Vec<String>,
    /// What else changed, as whole sentences.
    pub more: Vec<String>,
    /// Still agreed to.
    pub continues: Vec<String>,
    /// What may still arrive of what was stopped.
    pub late: Vec<String>,
    /// Whether subjects are chosen and no kind of message that could be about them.
    pub subjects_only: bool,
    /// Whether nothing comes any more.
    pub gets_nothing: bool,
    /// Whether one press puts back what was before.
    pub can_undo: bool,
    /// Why not, where it is worth saying.
    pub undo_note: String,
    /// What would come again by that press.
    pub undo_topics: Vec<String>,
    /// The brand's sentence that one agrees to by it, where anything comes again; otherwise empty.
    pub undo_wording: String,
    /// What one agrees to about tracking by it.
    pub undo_permissions: Vec<String>,
    /// What does not come back, because it is no longer offered; usually empty.
    pub undo_not_offered: String,
    /// Stands for the words of the page, as on the preference page.
    pub seen: String,
    /// The reasons that can be given for having stopped; none where none is asked for (any more).
    pub reasons: Vec<Radio>,
    /// Whether a reason was given.
    pub thanks: bool,
    /// Whether boxes were changed on the page that led here, and not saved.
    pub unsaved: bool,
    /// What the receipt says besides.
    pub receipt: Vec<Fact>,
    /// Where the signed receipt is.
    pub receipt_url: String,
    /// The version of the privacy notice that was in force, as one reads it; empty where it is not kept here.
    pub notice: String,
    /// Where that is.
    pub notice_url: String,
    /// The preference page.
    pub preferences_url: String,
    /// What is wrong with what was posted; usually nothing.
    pub errors: Vec<Problem>,
}

impl ResultPage {
    /// Put back what was before.
    pub const UNDO: &'static str = "undo";
    /// Count the reason.
    pub const REASON: &'static str = "reason";

    /// Whether anything was said above what changed besides.
    fn has_lists(&self) -> bool {
        [&self.started, &self.stopped, &self.tracking].iter().any(|list| !list.is_empty())
    }

    /// Whether the press agrees to anything.
    fn undo_agrees(&self) -> bool {
        !self.undo_topics.is_empty() || !self.undo_permissions.is_empty()
    }

    /// Where it is in another language: never where the form was posted to.
    fn here(&self) -> String {
        format!("{}?", self.action)
    }
}

/// A form was posted and nothing is different from before.
#[derive(Debug, Clone, Template)]
#[template(path = "pages/preferences_unchanged.html")]
pub struct UnchangedPage {
    /// The language.
    pub lang: Lang,
    /// The brand.
    pub brand: BrandView,
    /// Whether boxes were changed and not saved.
    pub unsaved: bool,
    /// The preference page.
    pub preferences_url: String,
}
