//! What people read: the view models of all pages, and the templates they fill.
//!
//! A view model is plain data that a handler fills; the words and the markup are in `static/`. Nothing
//! here knows the database, the domain or HTTP. Every page is one HTML and one CSS file, without script.

mod api_docs;
mod demo;
mod form;
mod preferences;
mod report;
#[cfg(test)]
mod samples;
mod sign_up;
#[cfg(test)]
mod tests;

use std::time::Duration;

use askama::Template;

use crate::error::{Error, Result};

pub use api_docs::{ApiDocsPage, ApiField, ApiGroup, ApiOperation, ApiParameter, ApiResponse, ApiSchema};
pub use demo::{
    DemoHomePage, DemoMail, DemoMailListPage, DemoMailPage, DemoReportListPage, TextPiece, find_links,
};
pub use form::{
    BoxState, CLICKS_WORDING, ChannelBox, Fact, OPENS_WORDING, PermissionBox, PermissionState, TextField,
    TopicChoices, TopicGroup,
};
pub use preferences::{
    DataLinkSentPage, DataPage, ErasedPage, PreferencesPage, PreferencesResultPage, UnsubscribePage,
    UnsubscribedPage,
};
pub use report::{Bar, Bars, Chart, Column, Columns, Mark, ReportPage, ReportSection, ReportTable};
pub use sign_up::{
    ConfirmExpiredPage, ConfirmPage, ConfirmedPage, LinkRequestDonePage, LinkRequestPage, SignUpDonePage,
    SignUpPage, SignUpTyped,
};

/// The one style sheet, served at `/assets/page.css`; the pages' content policy allows no other.
pub const PAGE_CSS: &str = include_str!("../../static/assets/page.css");

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
    /// The brands' sign-up forms, or none.
    pub brands: Vec<Link>,
    /// The API documentation, and whatever else is open to all.
    pub links: Vec<Link>,
}

/// A request that could not be carried out, said to a person.
#[derive(Debug, Clone, Template)]
#[template(path = "pages/problem.html")]
pub struct ProblemPage {
    /// The HTTP status that goes with it; the page itself does not show it.
    pub status: u16,
    /// The heading.
    pub title: String,
    /// What happened and what to do, as sentences without personal data.
    pub text: String,
}

impl ProblemPage {
    /// No such page, link or token: the same words for all, so that nobody learns which it was (SEC-05).
    pub fn not_found() -> Self {
        Self::of(
            404,
            "Page not found",
            "Check that the whole address was copied. If you came from a link in an email, open the \
                newest email and try the link there.",
        )
    }

    /// The page for a status. For 429 and 503 it says when to try again.
    pub fn for_status(status: u16, retry_after: Option<Duration>) -> Self {
        match status {
            404 => Self::not_found(),
            400 | 415 | 422 => Self::of(
                status,
                "That did not work",
                "The form arrived incomplete or damaged. Nothing was changed. Go back, reload the \
                    page and try again.",
            ),
            405 => Self::of(
                status,
                "That did not work",
                "This address does not do what was asked of it. Nothing was changed.",
            ),
            409 => Self::of(
                status,
                "That is no longer possible",
                "Something changed in the meantime. Go back, reload the page and try again.",
            ),
            410 => Self::of(
                status,
                "This link is no longer valid",
                "Links that show personal data work for a short time only. You can ask for a fresh one.",
            ),
            413 => Self::of(
                status,
                "That was too much",
                "What was sent is larger than this server accepts. Nothing was changed.",
            ),
            429 => Self::of(
                status,
                "Too many tries",
                &format!("Nothing was changed. {}", try_again(retry_after)),
            ),
            503 => Self::of(
                status,
                "We cannot answer just now",
                &format!("Nothing was changed. {}", try_again(retry_after)),
            ),
            _ => Self::of(
                status,
                "Something went wrong",
                "The fault is ours. Nothing was changed. Please try again later.",
            ),
        }
    }

    fn of(status: u16, title: &str, text: &str) -> Self {
        Self { status, title: title.to_owned(), text: text.to_owned() }
    }
}

/// A sentence that says when, in the largest unit that is still honest (always rounded up).
fn try_again(after: Option<Duration>) -> String {
    let seconds = after.map_or(0, |wait| wait.as_secs() + u64::from(wait.subsec_nanos() > 0));
    match seconds {
        0 => "Please try again in a moment.".to_owned(),
        1 => "Please try again in 1 second.".to_owned(),
        2..=90 => format!("Please try again in {seconds} seconds."),
        91..=5400 => format!("Please try again in {} minutes.", seconds.div_ceil(60)),
        _ => format!("Please try again in {} hours.", seconds.div_ceil(3600)),
    }
}
