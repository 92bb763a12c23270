//! Letters in the browser: the bar above one, the archive of a brand, and its feed.

use askama::Template;

use crate::i18n::Lang;

use super::{BrandView, Link};

/// What stands above a letter, in its document: whose it is, and what is not shown.
#[derive(Debug, Clone, Template)]
#[template(path = "pages/letter_bar.html")]
pub struct LetterBar {
    /// The language.
    pub lang: Lang,
    /// The brand's name.
    pub brand: String,
    /// When it was sent, in the archive; empty in what one person got, which says that it is without them.
    pub day: String,
    /// Where to go from there.
    pub links: Vec<Link>,
    /// Where pictures come from that are not ours.
    pub hosts: Vec<String>,
    /// Whether they are shown all the same, because the reader asked.
    pub shows_pictures: bool,
}

/// A page of the archive of a brand.
#[derive(Debug, Clone, Template)]
#[template(path = "pages/archive.html")]
pub struct ArchivePage {
    /// The language.
    pub lang: Lang,
    /// The brand.
    pub brand: BrandView,
    /// The letters, the newest first.
    pub letters: Vec<ArchivedLetter>,
    /// The number of this page, from 1.
    pub number: u32,
    /// The page before, or empty.
    pub newer_url: String,
    /// The page behind, or empty.
    pub older_url: String,
}

impl ArchivePage {
    /// This page, to which a language is added.
    fn here(&self) -> String {
        if self.number > 1 { format!("?page={}&", self.number) } else { String::from("?") }
    }
}

/// A letter in the list of an archive.
#[derive(Debug, Clone)]
pub struct ArchivedLetter {
    /// Where it is.
    pub href: String,
    /// Its subject line.
    pub subject: String,
    /// When it was sent, as one reads it.
    pub day: String,
    /// The language in which it is written.
    pub language: Lang,
}

/// The newest letters of an archive as a feed (RFC 4287).
#[derive(Debug, Clone, Template)]
#[template(path = "pages/archive.xml")]
pub struct ArchiveFeed {
    /// The language.
    pub lang: Lang,
    /// The brand's name.
    pub brand: String,
    /// Its word in URLs.
    pub slug: String,
    /// The address of the brand's pages.
    pub base: String,
    /// When the newest letter was sent, or the brand last changed.
    pub updated: String,
    /// The letters, the newest first.
    pub entries: Vec<FeedEntry>,
}

/// A letter in a feed.
#[derive(Debug, Clone)]
pub struct FeedEntry {
    /// The campaign's identity: a UUID, which stays the entry's wherever it lies.
    pub id: String,
    /// Its subject line.
    pub subject: String,
    /// When it was sent (RFC 3339).
    pub at: String,
    /// The language in which it is written.
    pub language: Lang,
}
