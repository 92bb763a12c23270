//! The privacy notice of a brand, by version.

use askama::Template;

use crate::i18n::Lang;

use super::BrandView;

/// A version of a brand's privacy notice, with the list of all.
#[derive(Debug, Clone, Template)]
#[template(path = "pages/notice.html")]
pub struct NoticePage {
    /// The language.
    pub lang: Lang,
    /// The brand.
    pub brand: BrandView,
    /// The version that is shown; empty if none was in force on the day that was asked for.
    pub version: String,
    /// The time in which it is or was in force, or from when on it will be, as a sentence.
    pub time: String,
    /// Whether another one is in force now.
    pub is_other: bool,
    /// The text as HTML, which holds nothing that runs or loads.
    pub text: String,
    /// The language of the text.
    pub written_in: Lang,
    /// All versions, the newest first.
    pub versions: Vec<NoticeVersion>,
    /// The day that was asked for, as forms write it; empty if none was.
    pub on: String,
}

impl NoticePage {
    /// This page, to which a language is added.
    fn here(&self) -> String {
        if self.on.is_empty() { String::from("?") } else { format!("?on={}&", self.on) }
    }

    /// Where the version in force is.
    pub fn current(&self) -> String {
        format!("/b/{}/privacy", self.brand.slug)
    }
}

/// A version in the list.
#[derive(Debug, Clone)]
pub struct NoticeVersion {
    /// Where it is.
    pub href: String,
    /// What it is called.
    pub version: String,
    /// Its time, as a sentence.
    pub time: String,
    /// Whether it is the one that is shown.
    pub is_shown: bool,
}
