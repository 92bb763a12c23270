//! Bounces: why a letter came back, by the status codes in a delivery status notification (RFC 3464) or in the
//! sentences of the programs that write none.

use crate::mail::report::What;
use crate::mail::report::fields::Fields;
use crate::mail::transport::{Blame, Enhanced, Reply};

/// What the octets of a `message/delivery-status` say of our letter (B-03).
///
/// A letter has one recipient. Where a report names more, they are the members of that address, and the mildest of
/// their fates counts: an alias with one dead member is no dead address.
pub(super) fn status(octets: &[u8]) -> What {
    let recipients = Fields::blocks(octets).into_iter().filter(|block| block.first("action").is_some());
    recipients.map(|block| fate(&block)).min_by_key(|what| severity(*what)).unwrap_or(What::Other)
}

fn fate(recipient: &Fields) -> What {
    // "failed" may be followed by a comment.
    if recipient.word("action").as_deref() != Some("failed") {
        return What::Progress;
    }
    let stated = recipient.word("status").and_then(|word| Enhanced::parse(&word));
    let told = recipient.first("diagnostic-code").and_then(reply_in);
    // x.0.0 is "undefined", and Exchange's 5.0.350 a wrapper: the remote server's own words know more.
    let status =
        stated.filter(|status| status.subject != 0).or(told.and_then(|told| told.enhanced)).or(stated);
    failed(status, told.map(|told| told.code))
}

fn failed(status: Option<Enhanced>, code: Option<u16>) -> What {
    What::Failed { blame: Blame::of(status, code), status }
}

fn severity(what: What) -> u8 {
    match what {
        What::Failed { blame: Blame::Address, .. } => 5,
        What::Failed { blame: Blame::Sender, .. } => 4,
        What::Failed { blame: Blame::Policy, .. } => 3,
        What::Failed { blame: Blame::Letter, .. } => 2,
        What::Failed { blame: Blame::Mailbox, .. } => 1,
        _ => 0,
    }
}

/// A bounce in plain text: qmail's (its format is QSBMF: the first words are always the same) and Exim's (named by its
/// `X-Failed-Recipients`). Returns what it says and the returned letter.
pub(super) fn text<'a>(head: &Fields, text: &'a str) -> Option<(What, &'a str)> {
    let is_qmail = text.trim_start().starts_with("Hi. This is the ");
    let is_exim = head.first("x-failed-recipients").is_some();
    let mark = match (is_qmail, is_exim) {
        (true, _) => "--- Below this line is a copy of the message.",
        (_, true) => "------ This is a copy of ",
        _ => return None,
    };
    let (reason, returned) = text.split_once(mark).unwrap_or((text, ""));
    // Exim's mark goes on to the end of its line.
    let returned = returned.split_once('\n').map_or("", |(_, rest)| rest);
    let what = match reply_in(reason) {
        Some(reply) => failed(reply.enhanced, Some(reply.code)),
        None => What::Failed { blame: blame_of_words(reason), status: None },
    };
    Some((what, returned))
}

/// The few sentences of these two programs themselves that stand without a code.
fn blame_of_words(reason: &str) -> Blame {
    const ADDRESS: [&str; 4] = [
        "no mailbox here by that name",
        "couldn't find any host named",
        "couldn't find a mail exchanger or ip address",
        "unrouteable address",
    ];
    const MAILBOX: [&str; 4] = ["mailbox is full", "over quota", "quota exceeded", "retry timeout exceeded"];
    let reason = reason.to_lowercase();
    let says = |words: &[&str]| words.iter().any(|word| reason.contains(word));
    match (says(&ADDRESS), says(&MAILBOX)) {
        (_, true) => Blame::Mailbox,
        (true, _) => Blame::Address,
        _ => Blame::Letter,
    }
}

/// The reply that a text quotes: `550 5.1.1`, `550-5.7.26`, qmail's `(#5.1.1)`; the first that says what it is about,
/// or else the first. A number counts only where a reply stands, or every version and IP address would be one.
fn reply_in(text: &str) -> Option<Reply> {
    let mut first = None;
    let mut before: Option<u16> = None;
    let ends = |c: char| {
        c.is_whitespace() || matches!(c, '-' | '(' | ')' | ';' | ',' | ':' | '<' | '>' | '\'' | '"')
    };
    for word in text.split(ends).filter(|word| !word.is_empty()) {
        let code = before.take();
        if let Some(own) = word.strip_prefix('#').and_then(status_of) {
            return Some(Reply { code: u16::from(own.class) * 100 + 50, enhanced: Some(own) });
        }
        if let (Some(code), Some(status)) = (code, status_of(word))
            && u16::from(status.class) == code / 100
        {
            let reply = Reply { code, enhanced: Some(status) };
            if status.subject != 0 {
                return Some(reply);
            }
            first = Some(reply);
            continue;
        }
        before = code_of(word);
        if let (None, Some(code)) = (first, before) {
            first = Some(Reply { code, enhanced: None });
        }
    }
    first
}

fn status_of(word: &str) -> Option<Enhanced> {
    Enhanced::parse(word.trim_end_matches('.')).filter(|status| status.class != 2)
}

/// A reply code of a refusal: 400 to 599.
fn code_of(word: &str) -> Option<u16> {
    let is_code = word.len() == 3 && word.starts_with(['4', '5']);
    word.parse().ok().filter(|_| is_code && word.bytes().all(|octet| octet.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn reply(text: &str) -> Option<String> {
        reply_in(text).map(|reply| reply.to_string())
    }

    #[test]
    fn a_reply_is_found_where_one_is_quoted_and_nowhere_else() {
        for (text, expected) in [
            ("smtp; 550 5.1.1 <jane@example.com>: Recipient address rejected", Some("550 5.1.1")),
            ("smtp;550-5.7.26 Unauthenticated mail is not accepted 550-5.7.26 here", Some("550 5.7.26")),
            ("550 5.0.350 Remote server returned an error -> 550 5.7.515 Access denied", Some("550 5.7.515")),
            ("Sorry, no mailbox here by that name. (#5.1.1)", Some("550 5.1.1")),
            ("host mx.example [192.0.2.1]: 550 No such user", Some("550")),
            ("from Exim 4.96.2 by 5.1.1.1", None),
            ("550 4.1.1 contradicts itself", Some("550")),
            ("the year 2026, 10.0.0.1, room 5.2", None),
        ] {
            assert_eq!(reply(text).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn the_mildest_fate_of_several_members_counts() {
        let dead = "Final-Recipient: rfc822; a@example.com\nAction: failed\nStatus: 5.1.1\n\n";
        let fine = "Final-Recipient: rfc822; b@example.com\nAction: relayed (to the list)\nStatus: 2.0.0\n\n";
        let full = "Final-Recipient: rfc822; c@example.com\nAction: failed\nStatus: 4.2.2\n\n";
        let read = |text: String| status(text.as_bytes());
        assert!(matches!(read(dead.to_owned()), What::Failed { blame: Blame::Address, .. }));
        assert!(matches!(read(format!("{dead}{full}")), What::Failed { blame: Blame::Mailbox, .. }));
        assert_eq!(read(format!("{full}{dead}{fine}")), What::Progress);
        assert_eq!(read(String::from("Reporting-MTA: dns; mx.example")), What::Other);
    }

    proptest! {
        #[test]
        fn any_text_is_searched_without_harm(words in "([45][0-9]{2}[ -]|[45]\\.[0-9]{1,4}\\.[0-9]{1,4}|#|\\PC| ){0,60}") {
            let _ = reply_in(&words);
            let _ = status(words.as_bytes());
        }
    }
}
