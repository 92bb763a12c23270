//! One service mail as it goes over the wire: RFC 5322 headers, text first, HTML after it, CRLF only. The letters of
//! a campaign have a [`frame`](crate::mail::frame).
//!
//! Everything that could break a header is refused here, whatever the callers have checked (M-14).

use std::time::{Duration, UNIX_EPOCH};

use lettre::message::header::{ContentTransferEncoding, ContentType, HeaderName, HeaderValue};
use lettre::message::{Body, Message, MultiPart, SinglePart};

use crate::clock::Moment;
use crate::email_address::EmailAddress;
use crate::error::{Error, Problem, Result};
use crate::mail::header::mailbox;

/// The longest HTML that a mailbox provider shows uncut, in octets before encoding (P-10).
pub const HTML_OCTETS_MAX: usize = 102_400;

/// The longest subject, in characters.
pub const SUBJECT_CHARS_MAX: usize = 255;

/// A name and an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sender {
    /// The name people see; may be empty.
    pub name: String,
    /// The address.
    pub address: EmailAddress,
}

/// One service mail to one person: it answers an act of its recipient.
#[derive(Debug, Clone)]
pub struct Letter {
    /// Who writes.
    pub from: Sender,
    /// Where answers go, if not to the sender.
    pub reply_to: Option<EmailAddress>,
    /// To whom.
    pub to: EmailAddress,
    /// One line.
    pub subject: String,
    /// The HTML part, at most [`HTML_OCTETS_MAX`].
    pub html: Option<String>,
    /// The text part.
    pub text: String,
    /// What stands left of the `@` in the Message-ID: unique, ASCII letters, digits, `-`, `_` and `.`. The
    /// domain is the sender's.
    pub message_id: String,
    /// When it was written.
    pub date: Moment,
}

impl Letter {
    /// The letter's octets, ready for a transport.
    ///
    /// # Errors
    /// [`Error::Invalid`] if a header value holds control characters or is too long, an id is malformed, or
    /// the HTML is too long.
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        self.check()?;
        let mut builder = Message::builder()
            .from(mailbox(Some(&self.from.name), &self.from.address)?)
            .to(mailbox(None, &self.to)?)
            .subject(self.subject.as_str())
            .date(UNIX_EPOCH + Duration::from_micros(u64::try_from(self.date.as_micros()).unwrap_or(0)))
            .message_id(Some(format!("<{}@{}>", self.message_id, self.from.address.domain())))
            .raw_header(auto_submitted());
        if let Some(reply_to) = &self.reply_to {
            builder = builder.reply_to(mailbox(None, reply_to)?);
        }
        let text = part(ContentType::TEXT_PLAIN, &self.text)?;
        let message = match &self.html {
            Some(html) => builder.multipart(
                MultiPart::alternative().singlepart(text).singlepart(part(ContentType::TEXT_HTML, html)?),
            ),
            None => builder.singlepart(text),
        };
        let mut octets = message.map_err(Error::internal)?.formatted();
        if !octets.ends_with(b"\r\n") {
            octets.extend_from_slice(b"\r\n");
        }
        match octets.split(|octet| *octet == b'\n').all(|line| line.len() <= 999) {
            true => Ok(octets),
            false => Err(Error::invalid("letter", "A header has a word of more than 998 characters")),
        }
    }

    fn check(&self) -> Result<()> {
        let mut problems = Vec::new();
        for (field, value) in [("from_name", &self.from.name), ("subject", &self.subject)] {
            if value.chars().any(char::is_control) {
                problems.push(Problem::new(field, "Line breaks and control characters are not allowed here"));
            }
        }
        if self.subject.chars().count() > SUBJECT_CHARS_MAX {
            problems.push(Problem::new("subject", format!("At most {SUBJECT_CHARS_MAX} characters")));
        }
        if !is_message_id(&self.message_id) {
            problems.push(Problem::new("message_id", "At most 200 letters, digits, - _ and . make an id"));
        }
        if let Some(html) = self.html.as_ref().filter(|html| html.len() > HTML_OCTETS_MAX) {
            problems.push(too_long(html.len()));
        }
        if problems.is_empty() { Ok(()) } else { Err(Error::Invalid(problems)) }
    }
}

/// What is said of HTML that is too long.
pub(super) fn too_long(octets: usize) -> Problem {
    let detail = format!(
        "The finished HTML has {octets} octets; mailbox providers cut it after {HTML_OCTETS_MAX}, and the unsubscribe \
         link with it"
    );
    Problem::new("html", detail)
}

/// It answers an act of its recipient, and no machine shall answer it (RFC 3834, M-21).
fn auto_submitted() -> HeaderValue {
    HeaderValue::new(HeaderName::new_from_ascii_str("Auto-Submitted"), String::from("auto-generated"))
}

pub(super) fn is_message_id(text: &str) -> bool {
    let letter = |octet: u8| octet.is_ascii_alphanumeric() || matches!(octet, b'-' | b'_' | b'.');
    (1..=200).contains(&text.len())
        && text.bytes().all(letter)
        && text.split('.').all(|atom| !atom.is_empty())
}

/// One part, in the shorter of the two encodings that keep lines at 76 octets (RFC 2045, section 6.7, 6.8).
fn part(kind: ContentType, content: &str) -> Result<SinglePart> {
    let content = with_crlf(content);
    let beyond_ascii = content.bytes().filter(|octet| !octet.is_ascii()).count();
    // Quoted-printable makes three octets of each of them, base64 four of every three.
    let encoding = if beyond_ascii * 6 > content.len() {
        ContentTransferEncoding::Base64
    } else {
        ContentTransferEncoding::QuotedPrintable
    };
    let body = Body::new_with_encoding(content, encoding)
        .map_err(|_| Error::internal("a part of a letter could not be encoded"))?;
    Ok(SinglePart::builder().header(kind).body(body))
}

/// Every line break as CRLF, whether it was CR, LF or CRLF.
fn with_crlf(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 32 + 2);
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '\r' => {
                letters.next_if_eq(&'\n');
                out.push_str("\r\n");
            }
            '\n' => out.push_str("\r\n"),
            '\0' => {}
            letter => out.push(letter),
        }
    }
    if !out.ends_with("\r\n") {
        out.push_str("\r\n");
    }
    out
}

#[cfg(test)]
mod tests;
