//! What people read: the view models of all pages, and the templates they fill.
//!
//! A view model is plain data that a handler fills; the words and the markup are in `static/`. Nothing
//! here knows the database, the domain or HTTP. Every page is one HTML and one CSS file; only the sign-up form has a
//! script, and works without it.

mod api_docs;
mod archive;
mod data;
mod demo;
mod form;
mod notice;
mod preferences;
mod report;
mod result;
#[cfg(test)]
mod samples;
mod sign_up;
#[cfg(test)]
mod tests;

use std::sync::LazyLock;
use std::time::Duration;

use askama::Template;

use crate::error::{Error, Result};
use crate::i18n::{Lang, Saying};

pub use api_docs::{ApiDocsPage, ApiField, ApiGroup, ApiOperation, ApiParameter, ApiResponse, ApiSchema};
pub use archive::{ArchiveFeed, ArchivePage, ArchivedLetter, FeedEntry, LetterBar};
pub use data::{
    AddressChangedPage, AddressConfirmPage, AddressSentPage, AddressTakenPage, DataPage, DataTyped,
    ErasedPage, Gone, LinkGonePage,
};
pub use demo::{
    DemoHomePage, DemoMail, DemoMailListPage, DemoMailPage, DemoReportListPage, TextPiece, find_links,
};
pub use form::{
    BoxState, ChannelBox, Fact, FactGroup, PermissionBox, PermissionView, Radio, TextField, TopicChoices,
    TopicGroup,
};
pub use notice::{NoticePage, NoticeVersion};
pub use preferences::{
    DataLinkSentPage, Kept, OtherBrand, OtherLinkSentPage, PreferencesPage, UnsubscribePage, UnsubscribedPage,
};
pub use report::{Bar, Bars, Chart, Column, Columns, Mark, ReportPage, ReportSection, ReportTable};
pub use result::{ResultPage, UnchangedPage};
pub use sign_up::{
    ConfirmExpiredPage, ConfirmPage, ConfirmedPage, LinkRequestDonePage, LinkRequestPage, NamedField,
    NamedFormView, SignUpCopy, SignUpDonePage, SignUpIframe, SignUpPage, SignUpTyped,
};

/// The style sheet of people's pages, served at `/assets/page.css`; the pages' content policy allows none from
/// elsewhere.
pub static PAGE_CSS: LazyLock<String> =
    LazyLock::new(|| compact(include_str!("../../static/assets/page.css")));

/// The style sheet of operators' and programmers' pages, served at `/assets/desk.css`: the same and more.
pub static DESK_CSS: LazyLock<String> =
    LazyLock::new(|| [&PAGE_CSS, &*compact(include_str!("../../static/assets/desk.css"))].concat());

/// The one script, served at `/assets/proof.js`: it solves the challenge of a sign-up form, which works without it.
pub const PROOF_JS: &str = include_str!("../../static/assets/proof.js");

/// A style sheet of ours without its comments and the space that only its authors need. No string in it has any of the
/// marks that are put together here.
fn compact(css: &str) -> String {
    let mut parts = css.split("/*");
    let first = parts.next().unwrap_or_default();
    let uncommented = parts.filter_map(|part| part.split_once("*/")).map(|(_, rest)| rest);
    let lines = std::iter::once(first).chain(uncommented).flat_map(str::lines).map(str::trim);
    let mut text: String = lines.collect();
    for (wide, narrow) in
        [(": ", ":"), ("; ", ";"), (" {", "{"), ("{ ", "{"), (", ", ","), (" }", "}"), (";}", "}")]
    {
        text = text.replace(wide, narrow);
    }
    text
}

/// A page, and the language it speaks.
pub trait Page: Template {
    /// The language of this page, which another request may get in another one; none for what is English only.
    fn language(&self) -> Option<Lang>;
}

macro_rules! pages {
    ($spoken:expr => $($page:ty),+ $(,)?) => {$(
        impl Page for $page {
            fn language(&self) -> Option<Lang> {
                let spoken: fn(&Self) -> Option<Lang> = $spoken;
                spoken(self)
            }
        }
    )+};
}
pages!(|page| Some(page.lang) =>
    HomePage, ProblemPage, SignUpPage, SignUpDonePage, LinkRequestPage, LinkRequestDonePage, ConfirmPage,
    ConfirmedPage, ConfirmExpiredPage, PreferencesPage, OtherLinkSentPage, ResultPage, UnchangedPage, UnsubscribePage, UnsubscribedPage,
    DataLinkSentPage, DataPage, ErasedPage, AddressSentPage, AddressConfirmPage, AddressChangedPage,
    AddressTakenPage, LinkGonePage,
    ArchivePage, NoticePage,
);
pages!(|_| None =>
    ApiDocsPage, DemoHomePage, DemoMailListPage, DemoMailPage, DemoReportListPage, ReportPage,
);

/// Renders a page.
///
/// # Errors
/// [`Error::Internal`] if the template fails, which no data of ours can cause.
pub fn render(template: &impl Template) -> Result<String> {
    template.render().map_err(Error::internal)
}

/// What the frame of a page says about the brand it speaks for.
#[derive(Debug, Clone, Default)]
pub struct BrandView {
    /// The brand's name, as people know it.
    pub name: String,
    /// The brand's short word in URLs.
    pub slug: String,
    /// The company behind it.
    pub legal_name: String,
    /// Its registered address, on one line.
    pub registered_address: String,
    /// Where people can write to.
    pub contact_email: String,
    /// The privacy policy: an absolute URL.
    pub policy_url: String,
    /// Whether `/b/{slug}/logo.png` exists.
    pub has_logo: bool,
    /// The version of the brand's own style at `/b/{slug}/page.css`; empty if it has none.
    pub style: String,
    /// The language in which the brand writes.
    pub language: Lang,
    /// Whether the page stands inside of another site's page, which has a head and a foot of its own.
    pub is_inside: bool,
}

impl BrandView {
    /// The attribute that names the language of what the brand wrote, where the page has another (WCAG 2.2, 3.1.2).
    pub fn authored(&self, page: &Lang) -> String {
        if self.language == *page { String::new() } else { format!(" lang=\"{}\"", self.language.tag()) }
    }

    /// Where people ask for a link to their choices.
    pub fn link_url(&self) -> String {
        format!("/b/{}/link", self.slug)
    }
}

/// A link in a list, with what is behind it.
#[derive(Debug, Clone, Default)]
pub struct Link {
    /// Where it leads.
    pub href: String,
    /// What it is called.
    pub text: String,
    /// One sentence about it; may be empty.
    pub hint: String,
}

impl Link {
    /// A link with a sentence about it.
    pub fn new(href: impl Into<String>, text: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { href: href.into(), text: text.into(), hint: hint.into() }
    }
}

/// The front page of a server: what it is, and where to go.
#[derive(Debug, Clone, Template)]
#[template(path = "pages/home.html")]
pub struct HomePage {
    /// The language.
    pub lang: Lang,
    /// The brands' sign-up forms, or none.
    pub brands: Vec<Link>,
    /// The API documentation, and whatever else is open to all.
    pub links: Vec<Link>,
}

/// A request that could not be carried out, said to a person.
#[derive(Debug, Clone, Template)]
#[template(path = "pages/problem.html")]
pub struct ProblemPage {
    /// The language.
    pub lang: Lang,
    /// The HTTP status that goes with it; the page itself does not show it.
    pub status: u16,
    /// The heading.
    pub title: String,
    /// What happened and what to do, as sentences without personal data.
    pub text: String,
}

impl ProblemPage {
    /// The page for a status. For 429 and 503 it says when to try again. What is not found has the same words
    /// whatever it was, so that nobody learns which (SEC-05).
    pub fn for_status(lang: Lang, status: u16, retry_after: Option<Duration>) -> Self {
        let later = || lang.say("nothing-changed").with("when", try_again(lang, retry_after));
        let (title, text) = match status {
            404 => (lang.say("not-found-title"), lang.say("not-found-text")),
            400 | 408 | 415 | 422 => (lang.say("damaged-title"), lang.say("damaged-text")),
            405 => (lang.say("damaged-title"), lang.say("wrong-method-text")),
            409 => (lang.say("conflict-title"), lang.say("conflict-text")),
            413 => (lang.say("too-large-title"), lang.say("too-large-text")),
            429 => (lang.say("too-many-title"), later()),
            503 => (lang.say("unavailable-title"), later()),
            _ => (lang.say("our-fault-title"), lang.say("our-fault-text")),
        };
        Self { lang, status, title: title.to_string(), text: text.to_string() }
    }
}

/// A sentence that says when, in the largest unit that is still honest (always rounded up).
fn try_again(lang: Lang, after: Option<Duration>) -> Saying {
    let seconds = after.map_or(0, |wait| wait.as_secs() + u64::from(wait.subsec_nanos() > 0));
    match seconds {
        0 => lang.say("try-again-moment"),
        1..=90 => lang.say("try-again-seconds").with("count", seconds),
        91..=5400 => lang.say("try-again-minutes").with("count", seconds.div_ceil(60)),
        _ => lang.say("try-again-hours").with("count", seconds.div_ceil(3600)),
    }
}
