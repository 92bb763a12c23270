//! One letter as it goes over the wire: RFC 5322 headers, text first, HTML after it, CRLF only.
//!
//! Everything that could break a header is refused here, whatever the callers have checked (M-14).

use std::time::{Duration, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use lettre::message::header::{ContentTransferEncoding, ContentType, HeaderName, HeaderValue};
use lettre::message::{Body, Mailbox, Message, MessageBuilder, MultiPart, SinglePart};

use crate::clock::Moment;
use crate::email_address::EmailAddress;
use crate::error::{Error, Problem, Result};

/// The longest HTML that a mailbox provider shows uncut, in octets before encoding (P-10).
pub const MAX_HTML_OCTETS: usize = 102_400;

/// The longest subject, in characters.
pub const MAX_SUBJECT_CHARS: usize = 255;

/// A name and an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sender {
    /// The name people see; may be empty.
    pub name: String,
    /// The address.
    pub address: EmailAddress,
}

/// One letter to one person.
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
    /// The HTML part, at most [`MAX_HTML_OCTETS`].
    pub html: Option<String>,
    /// The text part.
    pub text: String,
    /// What stands left of the `@` in the Message-ID: unique, ASCII letters, digits, `-`, `_` and `.`. The
    /// domain is the sender's.
    pub message_id: String,
    /// When it was written.
    pub date: Moment,
    /// Which headers it gets besides.
    pub purpose: Purpose,
}

/// What kind of mail it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Purpose {
    /// Subscribed mail: it tells how to end it.
    Marketing(ListHeaders),
    /// Mail that answers an act of its recipient; `Auto-Submitted: auto-generated` (RFC 3834, M-21).
    Service,
}

/// The list headers of marketing mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListHeaders {
    /// This person's own `https:` link for the one-click POST (RFC 8058, M-01).
    pub unsubscribe_url: String,
    /// Whether the mail will carry a DKIM signature over the list headers: receivers ignore one-click
    /// without, so it is not promised then (M-07).
    pub one_click: bool,
    /// The list's stable id in a domain of the sender: `grants.news.brand.example` (RFC 2919, M-13).
    pub list_id: String,
    /// The list's name for people.
    pub list_name: String,
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
            .message_id(Some(format!("<{}@{}>", self.message_id, self.from.address.domain())));
        if let Some(reply_to) = &self.reply_to {
            builder = builder.reply_to(mailbox(None, reply_to)?);
        }
        builder = match &self.purpose {
            Purpose::Marketing(list) => list.add_to(builder),
            Purpose::Service => with(builder, "Auto-Submitted", "auto-generated"),
        };
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
        if self.subject.chars().count() > MAX_SUBJECT_CHARS {
            problems.push(Problem::new("subject", format!("At most {MAX_SUBJECT_CHARS} characters")));
        }
        if !is_message_id(&self.message_id) {
            problems.push(Problem::new("message_id", "At most 200 letters, digits, - _ and . make an id"));
        }
        if let Some(html) = self.html.as_ref().filter(|html| html.len() > MAX_HTML_OCTETS) {
            problems.push(Problem::new(
                "html",
                format!(
                    "The finished HTML has {} octets; mailbox providers cut it after {MAX_HTML_OCTETS}, and \
                     the unsubscribe link with it",
                    html.len()
                ),
            ));
        }
        if let Purpose::Marketing(list) = &self.purpose {
            list.check(&mut problems);
        }
        if problems.is_empty() { Ok(()) } else { Err(Error::Invalid(problems)) }
    }
}

impl ListHeaders {
    fn check(&self, problems: &mut Vec<Problem>) {
        let url = &self.unsubscribe_url;
        let plain = url.bytes().all(|octet| octet.is_ascii_graphic() && !matches!(octet, b'<' | b'>' | b','));
        // Only a trial on this machine may do without https: no provider ever sees such a letter.
        let local = ["http://127.0.0.1", "http://localhost", "http://[::1]"]
            .iter()
            .any(|host| url.strip_prefix(host).is_some_and(|rest| rest.starts_with([':', '/'])));
        if !((url.starts_with("https://") || local) && plain && url.len() <= 900) {
            problems.push(Problem::new("unsubscribe_url", "One-click needs a plain https: URL"));
        }
        let id_letter = |octet: u8| octet.is_ascii_alphanumeric() || matches!(octet, b'-' | b'_' | b'.');
        let id_fits = self.list_id.contains('.')
            && self.list_id.len() <= 255
            && self.list_id.split('.').all(|label| !label.is_empty())
            && self.list_id.bytes().all(id_letter);
        if !id_fits {
            problems.push(Problem::new("list_id", "A list id looks like news.brand.example"));
        }
        if self.list_name.chars().any(char::is_control) || self.list_name.chars().count() > 100 {
            problems.push(Problem::new("list_name", "At most 100 characters and no control characters"));
        }
    }

    fn add_to(&self, mut builder: MessageBuilder) -> MessageBuilder {
        builder = with(builder, "List-Unsubscribe", &format!("<{}>", self.unsubscribe_url));
        if self.one_click {
            builder = with(builder, "List-Unsubscribe-Post", "List-Unsubscribe=One-Click");
        }
        builder = builder.raw_header(self.list_id_header());
        with(builder, "List-Post", "NO")
    }

    /// `"phrase" <id>`: the phrase quoted, or in encoded words, which may not stand inside quotes (M-18).
    fn list_id_header(&self) -> HeaderValue {
        let name = HeaderName::new_from_ascii_str("List-Id");
        let id = format!("<{}>", self.list_id);
        let phrase = self.list_name.trim();
        if phrase.is_empty() {
            return HeaderValue::new(name, id);
        }
        if phrase.is_ascii() {
            let quoted = phrase.replace('\\', "\\\\").replace('"', "\\\"");
            return HeaderValue::new(name, format!("\"{quoted}\" {id}"));
        }
        let value = format!("{}\r\n {id}", encoded_words(phrase));
        HeaderValue::dangerous_new_pre_encoded(name, format!("{phrase} {id}"), value)
    }
}

/// RFC 2047 words of at most 75 octets, one to a line; no character is split.
fn encoded_words(text: &str) -> String {
    let mut words: Vec<String> = Vec::new();
    let mut chunk = String::new();
    for letter in text.chars() {
        // 39 octets make 52 of base64 and, with the frame and `List-Id: `, a line of 73.
        if chunk.len() + letter.len_utf8() > 39 {
            words.push(std::mem::take(&mut chunk));
        }
        chunk.push(letter);
    }
    words.push(chunk);
    let encoded: Vec<_> = words.iter().map(|word| format!("=?utf-8?b?{}?=", STANDARD.encode(word))).collect();
    encoded.join("\r\n ")
}

fn is_message_id(text: &str) -> bool {
    let letter = |octet: u8| octet.is_ascii_alphanumeric() || matches!(octet, b'-' | b'_' | b'.');
    (1..=200).contains(&text.len())
        && text.bytes().all(letter)
        && text.split('.').all(|atom| !atom.is_empty())
}

fn mailbox(name: Option<&str>, address: &EmailAddress) -> Result<Mailbox> {
    // No cause: it may repeat the address.
    let address =
        address.as_str().parse().map_err(|_| Error::invalid("address", "Not an address for mail"))?;
    let name = name.map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned);
    Ok(Mailbox::new(name, address))
}

fn with(builder: MessageBuilder, name: &'static str, value: &str) -> MessageBuilder {
    builder.raw_header(HeaderValue::new(HeaderName::new_from_ascii_str(name), value.to_owned()))
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
