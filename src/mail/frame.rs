//! The frame of a campaign's letters: all that is the same in each of them, written once.
//!
//! The lines above and between the parts, the boundary, and the literal text of both parts in quoted-printable are
//! made when the campaign is prepared. A letter is then one buffer, into which its own header lines and its values are
//! written. The boundary begins with `=_`, which quoted-printable never contains (RFC 2045, section 6.7).

use crate::clock::Moment;
use crate::email_address::EmailAddress;
use crate::error::{Error, Problem, Result};
use crate::line::is_line;
use crate::mail::header;
use crate::mail::letter::{HTML_OCTETS_MAX, SUBJECT_CHARS_MAX, Sender, is_message_id, too_long};
use crate::mail::template::{Encoded, Merge, OUTPUT_OCTETS_MAX, Template};

const BOUNDARY: &str = "=_mannerly";
/// Octets for the values and the header lines of one letter; a guess that saves a copy.
const OWN_OCTETS: usize = 4096;

/// What the headers of all letters of a campaign have in common.
#[derive(Debug, Clone)]
pub struct Common {
    /// Who writes.
    pub from: Sender,
    /// Where answers go, if not to the sender.
    pub reply_to: Option<EmailAddress>,
    /// The list's stable id in a domain of the sender: `grants.news.brand.example` (RFC 2919, M-13).
    pub list_id: String,
    /// The list's name for people.
    pub list_name: String,
    /// Where providers may report complaints to, if the mail will carry a signature that lets them (RFC 9477).
    pub complaints_to: Option<EmailAddress>,
    /// Whether the mail will carry a DKIM signature over the list headers: receivers ignore one-click
    /// without, so it is not promised then (M-07).
    pub one_click: bool,
    /// By what Gmail adds up complaints: one to four different words joined by colons, of which the last, 5 to 15
    /// characters, is the sender's for good; nothing of one person (B-07).
    pub feedback_id: String,
}

/// What is one letter's own.
#[derive(Debug, Clone, Copy)]
pub struct Own<'a> {
    /// To whom.
    pub to: &'a EmailAddress,
    /// What stands left of the `@` in the Message-ID: unique, ASCII letters, digits, `-`, `_` and `.`. The
    /// domain is the sender's.
    pub message_id: &'a str,
    /// When it was written.
    pub date: Moment,
    /// This person's own `https:` link for the one-click POST (RFC 8058, M-01).
    pub unsubscribe_url: &'a str,
    /// The address at which a mail of any words ends it too (M-09).
    pub unsubscribe_mail: Option<&'a EmailAddress>,
    /// What is merged.
    pub values: &'a Merge,
}

/// A prepared frame.
#[derive(Debug, Clone)]
pub struct Frame {
    /// The header lines above a letter's own.
    head: String,
    /// What stands behind the `@` of a Message-ID.
    domain: String,
    one_click: bool,
    /// From the header lines below a letter's own to the first line of the text part.
    before_text: String,
    /// From the end of the text part to the first line of the HTML part.
    before_html: String,
    end: String,
    subject: Template,
    text: Encoded,
    html: Encoded,
    /// How long a letter gets, about.
    octets: usize,
}

impl Frame {
    /// Prepares the letters of a campaign.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a value that would break a header, or a template that cannot be encoded.
    pub fn new(common: &Common, subject: &Template, html: &Template, text: &Template) -> Result<Self> {
        common.check()?;
        let mut head = header::from(&common.from)?;
        if let Some(reply_to) = &common.reply_to {
            header::push(&mut head, "Reply-To", format_args!("{}", reply_to.as_str()));
        }
        if let Some(complaints_to) = &common.complaints_to {
            header::push(&mut head, "CFBL-Address", format_args!("{}; report=arf", complaints_to.as_str()));
        }
        let part = |kind: &str| {
            format!(
                "--{BOUNDARY}\r\nContent-Type: {kind}; charset=utf-8\r\n\
                 Content-Transfer-Encoding: quoted-printable\r\n\r\n"
            )
        };
        let before_text = format!(
            "{}List-Post: NO\r\nFeedback-ID: {}\r\nMIME-Version: 1.0\r\n\
             Content-Type: multipart/alternative;\r\n boundary=\"{BOUNDARY}\"\r\n\r\n{}",
            header::list_id(&common.list_name, &common.list_id),
            common.feedback_id,
            part("text/plain")
        );
        let (text, html) = (Encoded::of(text)?, Encoded::of(html)?);
        Ok(Self {
            octets: OWN_OCTETS
                + head.len()
                + before_text.len()
                + text.literal_octets()
                + html.literal_octets(),
            head,
            domain: common.from.address.domain().to_owned(),
            one_click: common.one_click,
            before_text,
            // The line break before a boundary belongs to the boundary (RFC 2046, section 5.1.1).
            before_html: format!("\r\n{}", part("text/html")),
            end: format!("\r\n--{BOUNDARY}--\r\n"),
            subject: subject.clone(),
            text,
            html,
        })
    }

    /// Writes one letter: its octets, ready for a transport, in the place of what is in `out`, so that a buffer can be
    /// used again.
    ///
    /// # Errors
    /// [`Error::Invalid`] if a value would break a header, a limit of the templates is reached, or the HTML is longer
    /// than [`HTML_OCTETS_MAX`].
    pub fn write(&self, own: &Own<'_>, mut out: Vec<u8>) -> Result<Vec<u8>> {
        let subject = self.subject.render_line(own.values)?;
        own.check(&subject)?;
        out.clear();
        out.reserve(self.octets);
        // Nothing is text.
        let mut out = String::from_utf8(out).unwrap_or_default();
        out.push_str(&self.head);
        self.push_own(&mut out, own, &subject);
        out.push_str(&self.before_text);
        let mut out = out.into_bytes();
        let begin = out.len();
        self.text.render(own.values, OUTPUT_OCTETS_MAX, &mut out)?;
        end_line(&mut out, begin);
        out.extend_from_slice(self.before_html.as_bytes());
        let begin = out.len();
        let octets = self.html.render(own.values, HTML_OCTETS_MAX, &mut out)?;
        if octets > HTML_OCTETS_MAX {
            return Err(Error::Invalid(vec![too_long(octets)]));
        }
        end_line(&mut out, begin);
        out.extend_from_slice(self.end.as_bytes());
        Ok(out)
    }

    fn push_own(&self, out: &mut String, own: &Own<'_>, subject: &str) {
        header::push(out, "To", format_args!("{}", own.to.as_str()));
        header::push_subject(out, subject);
        header::push(out, "Date", format_args!("{}", own.date.to_rfc5322()));
        header::push(out, "Message-ID", format_args!("<{}@{}>", own.message_id, self.domain));
        match own.unsubscribe_mail {
            // Folded at the comma, so that no line gets long (M-12).
            Some(mail) => header::push(
                out,
                "List-Unsubscribe",
                format_args!("<{}>,\r\n <mailto:{}>", own.unsubscribe_url, mail.as_str()),
            ),
            None => header::push(out, "List-Unsubscribe", format_args!("<{}>", own.unsubscribe_url)),
        }
        if self.one_click {
            out.push_str("List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n");
        }
    }
}

/// Gives the part that begins at `begin` a line break at its end, if it has none or only a soft one.
fn end_line(out: &mut Vec<u8>, begin: usize) {
    if out.len() > begin && !out.ends_with(b"=\r\n") {
        return;
    }
    // A soft line break becomes a hard one, except behind white space, which must not end a line.
    if out.len() > begin && !out.ends_with(b" =\r\n") && !out.ends_with(b"\t=\r\n") {
        out.truncate(out.len() - b"=\r\n".len());
    }
    out.extend_from_slice(b"\r\n");
}

impl Common {
    fn check(&self) -> Result<()> {
        let mut problems = Vec::new();
        if self.from.name.chars().any(char::is_control) {
            problems
                .push(Problem::new("from_name", "Line breaks and control characters are not allowed here"));
        }
        let id_letter = |octet: u8| octet.is_ascii_alphanumeric() || matches!(octet, b'-' | b'_' | b'.');
        let id_fits = self.list_id.contains('.')
            && self.list_id.len() <= 255
            && self.list_id.split('.').all(|label| !label.is_empty())
            && self.list_id.bytes().all(id_letter);
        if !id_fits {
            problems.push(Problem::new("list_id", "A list id looks like news.brand.example"));
        }
        if !is_line(&self.list_name, 100) {
            problems.push(Problem::new("list_name", "At most 100 characters and no control characters"));
        }
        let words: Vec<&str> = self.feedback_id.split(':').collect();
        let different =
            words.iter().enumerate().all(|(at, word)| words.iter().skip(at + 1).all(|other| other != word));
        let fits = words.len() <= 4
            && different
            && words.iter().all(|word| (1..=100).contains(&word.len()) && word.bytes().all(id_letter))
            && words.last().is_some_and(|sender| (5..=15).contains(&sender.len()));
        if !fits {
            problems.push(Problem::new(
                "feedback_id",
                "At most four different words, the last of 5 to 15 characters",
            ));
        }
        if problems.is_empty() { Ok(()) } else { Err(Error::Invalid(problems)) }
    }
}

impl Own<'_> {
    /// What could break a header is refused here, whatever the callers have checked (M-14).
    fn check(&self, subject: &str) -> Result<()> {
        if subject.chars().count() > SUBJECT_CHARS_MAX {
            return Err(Error::invalid("subject", format!("At most {SUBJECT_CHARS_MAX} characters")));
        }
        if !is_message_id(self.message_id) {
            return Err(Error::invalid("message_id", "At most 200 letters, digits, - _ and . make an id"));
        }
        let url = self.unsubscribe_url;
        let plain = url.bytes().all(|octet| octet.is_ascii_graphic() && !matches!(octet, b'<' | b'>' | b','));
        // Only a trial on this machine may do without https: no provider ever sees such a letter.
        let local = || {
            ["http://127.0.0.1", "http://localhost", "http://[::1]"]
                .iter()
                .any(|host| url.strip_prefix(host).is_some_and(|rest| rest.starts_with([':', '/'])))
        };
        if !(plain && url.len() <= 900 && (url.starts_with("https://") || local())) {
            return Err(Error::invalid("unsubscribe_url", "One-click needs a plain https: URL"));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
