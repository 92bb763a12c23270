//! The pages of the demo: where to look, the mails as received, and the list of reports.

use askama::Template;

use super::Link;
use super::form::Fact;

/// The demo's front page.
#[derive(Debug, Clone, Template)]
#[template(path = "pages/demo_home.html")]
pub struct DemoHomePage {
    /// Where to look.
    pub links: Vec<Link>,
}

/// The mails in the demo's folder.
#[derive(Debug, Clone, Template)]
#[template(path = "pages/demo_mail_list.html")]
pub struct DemoMailListPage {
    /// The mails to show, newest first.
    pub mails: Vec<DemoMail>,
    /// How many there are in all.
    pub total: usize,
    /// The page with older ones; empty on the last.
    pub next_url: String,
}

/// A mail in the list.
#[derive(Debug, Clone, Default)]
pub struct DemoMail {
    /// Its file name without a folder.
    pub name: String,
    /// The page that shows it.
    pub url: String,
    /// The recipient.
    pub to: String,
    /// The sender.
    pub from: String,
    /// The subject.
    pub subject: String,
    /// The size of the file, as people read it ("12 KB").
    pub size: String,
}

/// One mail as received.
#[derive(Debug, Clone, Template)]
#[template(path = "pages/demo_mail.html")]
pub struct DemoMailPage {
    /// The subject.
    pub subject: String,
    /// The headers in their order.
    pub headers: Vec<Fact>,
    /// The text part; see [`find_links`].
    pub text: Vec<TextPiece>,
    /// Where the HTML part opens as a page of its own; empty if there is none.
    pub html_url: String,
    /// Where the file itself is.
    pub raw_url: String,
    /// The list.
    pub list_url: String,
}

/// A piece of a text part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TextPiece {
    /// Words.
    Plain(String),
    /// An absolute `http` or `https` URL.
    Url(String),
}

/// Splits a text at its links, so that a page can make them work. Joined again, the pieces are the text.
pub fn find_links(text: &str) -> Vec<TextPiece> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some(start) = ["https://", "http://"].iter().filter_map(|scheme| rest.find(scheme)).min() {
        let (before, from_url) = rest.split_at(start);
        let end = from_url
            .find(|c: char| c.is_whitespace() || matches!(c, '<' | '>' | '"' | ')'))
            .unwrap_or(from_url.len());
        let url = from_url[..end].trim_end_matches(['.', ',', ';', ':']);
        if !before.is_empty() {
            pieces.push(TextPiece::Plain(before.to_owned()));
        }
        pieces.push(TextPiece::Url(url.to_owned()));
        rest = &from_url[url.len()..];
    }
    if !rest.is_empty() {
        pieces.push(TextPiece::Plain(rest.to_owned()));
    }
    pieces
}

/// The campaigns that have a report.
#[derive(Debug, Clone, Template)]
#[template(path = "pages/demo_report_list.html")]
pub struct DemoReportListPage {
    /// The newest first.
    pub links: Vec<Link>,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_link_ends_before_the_full_stop_of_its_sentence() {
        let pieces = find_links("See https://example.com/a?b=1. Or not.");
        assert_eq!(
            pieces,
            [
                TextPiece::Plain("See ".into()),
                TextPiece::Url("https://example.com/a?b=1".into()),
                TextPiece::Plain(". Or not.".into()),
            ]
        );
    }

    proptest! {
        #[test]
        fn the_pieces_joined_are_the_text(text in "([a-z <>.]|http://|https://|\\n|ü){0,30}") {
            let joined: String = find_links(&text)
                .into_iter()
                .map(|piece| match piece { TextPiece::Plain(s) | TextPiece::Url(s) => s })
                .collect();
            prop_assert_eq!(joined, text);
        }
    }
}
