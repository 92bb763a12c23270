//! Mail that comes in: one reader that says what a message is. It keeps codes and never a word of it.
//!
//! It knows delivery status notifications (RFC 3464, 6533) and the plain bounces of qmail and Exim, complaints (ARF,
//! RFC 5965, redacted ones too), unsubscribes by mail (M-09) and auto-replies (RFC 3834). Whatever it does not know is
//! [`What::Other`] and has no consequence. Nothing in here can fail, and no message takes long.

mod bounce;
mod fields;
mod mailbox;
mod parts;

use crate::mail::report::fields::Fields;
use crate::mail::report::parts::{Part, Parts, split};
use crate::mail::transport::{Blame, Enhanced};

pub use mailbox::{BOUNCE_WORD, COMPLAINTS_WORD, Mailbox, UNSUBSCRIBE_WORD, letter_token};
pub use parts::{KEPT_MAX, SIZE_MAX};

/// A message that came in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Incoming {
    /// What it is.
    pub what: What,
    /// The domain that it says it is from, in lower case; none where that can be no domain.
    pub domain: Option<String>,
    /// Which letter it may be about: what looks like a token in the Message-ID and the return path of the letter that
    /// it returns, and in the name of the envelope that carried it. Only the keys know which of them is one.
    pub letters: Vec<String>,
}

/// What a message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// A letter came back for good, or was given up.
    Failed {
        /// Whose fault it is; the same classes as at the relay.
        blame: Blame,
        /// The status code, if there is one.
        status: Option<Enhanced>,
    },
    /// Word of a letter that is delayed, relayed, expanded or delivered.
    Progress,
    /// A report of abuse: somebody called the letter unwanted.
    Complaint,
    /// A provider passes on that somebody wants no more of it.
    OptOut,
    /// Feedback without consequence: "not spam", an authentication failure, a virus.
    Feedback,
    /// A message to the unsubscribe address.
    Unsubscribe,
    /// A program answered: somebody is away.
    AutoReply,
    /// Anything else.
    Other,
}

/// How many candidates for the letter's token are kept.
const LETTERS_MAX: usize = 8;

/// Reads a message that came for this mailbox.
pub fn read(message: &[u8], to: &Mailbox) -> Incoming {
    let parts = Parts::read(message);
    let (mut what, returned) = sort(&parts);
    let mut letters = Vec::new();
    for fields in returned {
        collect(&fields, &mut letters);
    }
    // Subject and body of an unsubscribe are ignored: mail programs fill in what they like, or nothing.
    let answers = parts.head.word("auto-submitted").as_deref() == Some("auto-replied");
    if matches!(to, Mailbox::Unsubscribe(_)) && matches!(what, What::Other | What::AutoReply) && !answers {
        what = What::Unsubscribe;
    }
    Incoming { what, domain: domain_of(&parts.head), letters }
}

/// The domain of the first address in `From`.
fn domain_of(head: &Fields) -> Option<String> {
    let (_, behind) = head.first("from")?.rsplit_once('@')?;
    let domain = behind.split(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '-' | '.')).next()?;
    (!domain.is_empty() && domain.len() <= 253).then(|| domain.to_ascii_lowercase())
}

/// The addresses that a message in a mailbox may have come to: as the mail system wrote them down, or else as its
/// sender did. In that order, at most twenty.
pub fn recipients(message: &[u8]) -> Vec<String> {
    let head = Fields::read(message);
    let ends = |c: char| c.is_whitespace() || matches!(c, ',' | ';' | '<' | '>');
    let names = ["delivered-to", "x-original-to", "envelope-to", "to", "cc"];
    let values = names.iter().flat_map(|name| head.all(name));
    let words = values.flat_map(|value| value.split(ends)).filter(|word| word.contains('@'));
    words.take(20).map(str::to_owned).collect()
}

/// What a message is by itself, and the fields in which it may name the letter.
fn sort(parts: &Parts) -> (What, Vec<Fields>) {
    if let Some(status) = parts.find(&["message/delivery-status", "message/global-delivery-status"]) {
        return (bounce::status(&status.body), returned_header(parts).into_iter().collect());
    }
    if let Some(report) = parts.find(&["message/feedback-report"]) {
        let report = Fields::read(&report.body);
        let what = match report.word("feedback-type").as_deref() {
            Some("abuse" | "fraud") => What::Complaint,
            Some("opt-out" | "opt-out-list") => What::OptOut,
            _ => What::Feedback,
        };
        return (what, returned_header(parts).into_iter().chain([report]).collect());
    }
    if let Some(Part { body, .. }) = parts.find(&["text/plain"])
        && let Some((what, returned)) = bounce::text(&parts.head, &String::from_utf8_lossy(body))
    {
        return (what, vec![Fields::read(returned.trim_start().as_bytes())]);
    }
    (if is_automatic(&parts.head) { What::AutoReply } else { What::Other }, Vec::new())
}

/// The header of the letter that a report returns, whole or by its header alone (RFC 6522, section 3).
fn returned_header(parts: &Parts) -> Option<Fields> {
    let forms = ["message/rfc822", "message/global", "text/rfc822-headers", "message/global-headers"];
    let returned = parts.find(&forms)?;
    // Some leave a blank line before it.
    Some(Fields::read(split(returned.body.trim_ascii_start()).0))
}

/// Keeps what looks like a token of a letter: the local part of a Message-ID, or of a return path behind its `b+`, or
/// the name that a relay was given for the envelope.
fn collect(fields: &Fields, letters: &mut Vec<String>) {
    let ids = fields.all("message-id").chain(fields.all("original-message-id"));
    let paths = fields.all("return-path").chain(fields.all("original-mail-from"));
    let tokens = ids.filter_map(|id| local_part(id).filter(|local| mailbox::is_token(local)));
    let paths = paths.filter_map(|path| match Mailbox::parse(path) {
        Some((Mailbox::Letter(token), _)) => Some(token),
        _ => None,
    });
    let envelopes = fields.all("original-envelope-id").map(str::to_ascii_lowercase);
    for token in tokens.chain(paths).chain(envelopes.filter(|id| mailbox::is_token(id))) {
        if letters.len() < LETTERS_MAX && !letters.contains(&token) {
            letters.push(token);
        }
    }
}

fn local_part(id: &str) -> Option<String> {
    let id = id.trim().trim_start_matches('<');
    Some(id.split_once('@')?.0.to_ascii_lowercase())
}

/// The signs of a program's answer: RFC 3834, and those that are older or one maker's own.
fn is_automatic(head: &Fields) -> bool {
    let submitted = head.word("auto-submitted").is_some_and(|word| word != "no");
    let bulk = head.word("precedence");
    let bulk = bulk.is_some_and(|word| matches!(word.as_str(), "auto_reply" | "bulk" | "junk" | "list"));
    let own =
        ["x-auto-response-suppress", "x-autoreply", "x-autorespond", "x-autoresponder", "x-mail-autoreply"];
    submitted || bulk || own.iter().any(|name| head.first(name).is_some())
}

#[cfg(test)]
mod tests;
