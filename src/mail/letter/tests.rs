//! Letters as a receiver reads them.

use std::collections::HashMap;

use data_encoding::BASE64;

use super::*;

fn address(text: &str) -> EmailAddress {
    EmailAddress::parse(text).unwrap()
}

fn letter() -> Letter {
    Letter {
        from: Sender { name: String::from("Brand News"), address: address("news@brand.test") },
        reply_to: Some(address("hello@brand.test")),
        to: address("ana@example.com"),
        subject: String::from("News"),
        html: Some(String::from("<p>Hello</p>")),
        text: String::from("Hello"),
        message_id: String::from("0192-abc"),
        date: Moment::parse("2026-11-21T10:02:11Z").unwrap(),
    }
}

/// The unfolded headers by name, each of which must be there once.
fn headers(octets: &[u8]) -> HashMap<String, String> {
    let text = std::str::from_utf8(octets).unwrap();
    let (head, _) = text.split_once("\r\n\r\n").unwrap();
    let mut headers = HashMap::new();
    for line in head.replace("\r\n ", " ").replace("\r\n\t", " ").split("\r\n") {
        let (name, value) = line.split_once(": ").unwrap();
        assert_eq!(headers.insert(name.to_ascii_lowercase(), value.to_owned()), None, "{name} twice");
    }
    headers
}

/// The text of a header, its encoded words decoded (RFC 2047).
fn decoded(value: &str) -> String {
    let (mut text, mut rest) = (Vec::new(), value);
    while let Some((before, after)) = rest.split_once("=?") {
        if !before.trim().is_empty() || text.is_empty() {
            text.extend_from_slice(before.as_bytes());
        }
        let (word, after) = after.split_once("?=").unwrap();
        assert!(word.len() + 4 <= 75, "{word}");
        let mut parts = word.splitn(3, '?');
        assert_eq!(parts.next().unwrap().to_ascii_lowercase(), "utf-8");
        let octets = match parts.next().unwrap() {
            "b" | "B" => BASE64.decode(parts.next().unwrap().as_bytes()).unwrap(),
            other => panic!("encoding {other}"),
        };
        std::str::from_utf8(&octets).expect("no character is split");
        text.extend(octets);
        rest = after;
    }
    text.extend_from_slice(rest.as_bytes());
    String::from_utf8(text).unwrap()
}

fn refused(letter: &Letter) -> String {
    match letter.to_bytes() {
        Err(Error::Invalid(problems)) => problems.iter().map(|problem| problem.field.as_str()).collect(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn service_mail_has_each_header_once_says_that_it_is_automatic_and_belongs_to_no_list() {
    let headers = headers(&letter().to_bytes().unwrap());
    for (name, value) in [
        ("from", "\"Brand News\" <news@brand.test>"),
        ("reply-to", "hello@brand.test"),
        ("to", "ana@example.com"),
        ("subject", "News"),
        ("date", "Sat, 21 Nov 2026 10:02:11 +0000"),
        ("message-id", "<0192-abc@brand.test>"),
        ("mime-version", "1.0"),
        ("auto-submitted", "auto-generated"),
    ] {
        assert_eq!(headers.get(name).map(String::as_str), Some(value), "{name}");
    }
    assert!(!headers.keys().any(|name| name.starts_with("list-") || name == "feedback-id"));
}

#[test]
fn text_comes_before_html_and_every_line_is_short_and_ends_in_crlf() {
    let long = "Příliš žluťoučký kůň ".repeat(500);
    for (text, html) in [
        ("a\nb\r\nc\rd", "<p>\n</p>"),
        (long.as_str(), "<p>x</p>"),
        ("x", &"x".repeat(HTML_OCTETS_MAX)),
        (".\n..\n", "<p>.\n.</p>"),
        ("From me", "日本語"),
    ] {
        let letter = Letter { text: text.to_owned(), html: Some(html.to_owned()), ..letter() };
        let octets = letter.to_bytes().unwrap();
        let message = String::from_utf8(octets).unwrap();
        assert!(message.find("text/plain").unwrap() < message.find("text/html").unwrap());
        assert!(message.starts_with("From: ") || message.contains("\r\n"));
        assert_eq!(message.matches('\n').count(), message.matches("\r\n").count());
        assert_eq!(message.matches('\r').count(), message.matches("\r\n").count());
        assert!(message.ends_with("\r\n") && message.is_ascii());
        assert!(message.split("\r\n").all(|line| line.len() <= 78), "{message}");
    }
}

#[test]
fn subjects_and_names_beyond_ascii_come_back_as_they_were() {
    let emoji = "😀".repeat(200);
    let name = "Ž, \"B\"";
    let letter = Letter {
        subject: emoji.clone(),
        from: Sender { name: name.to_owned(), address: address("news@brand.test") },
        ..letter()
    };
    let octets = letter.to_bytes().unwrap();
    let headers = headers(&octets);
    assert_eq!(decoded(&headers["subject"]), emoji);
    assert_eq!(decoded(&headers["from"]), format!("{name} <news@brand.test>"));
    for line in octets.split(|octet| *octet == b'\n') {
        assert!(line.len() <= 79, "{}", String::from_utf8_lossy(line));
    }
}

#[test]
fn what_could_begin_a_header_of_its_own_is_refused() {
    let evil = || String::from("x\r\nBcc: v@example.com");
    assert_eq!(refused(&Letter { subject: evil(), ..letter() }), "subject");
    assert_eq!(
        refused(&Letter { from: Sender { name: evil(), address: address("a@b.test") }, ..letter() }),
        "from_name"
    );
    assert_eq!(refused(&Letter { message_id: evil(), ..letter() }), "message_id");
    for control in ["\n", "\r", "\0", "\t", "\u{7f}", "\u{85}"] {
        assert_eq!(refused(&Letter { subject: format!("a{control}b"), ..letter() }), "subject");
    }
}

#[test]
fn html_that_mailbox_providers_would_cut_is_refused() {
    let html = |octets| Letter { html: Some("x".repeat(octets)), ..letter() };
    assert!(html(HTML_OCTETS_MAX).to_bytes().is_ok());
    assert_eq!(refused(&html(HTML_OCTETS_MAX + 1)), "html");
}

#[test]
fn a_recipient_beyond_ascii_can_be_written_to() {
    let octets = Letter { to: address("žofia@example.com"), ..letter() }.to_bytes().unwrap();
    assert_eq!(headers(&octets)["to"], "žofia@example.com");
}

proptest::proptest! {
    #[test]
    fn any_subject_and_name_is_one_header_or_refused(subject in "\\PC{0,300}|.{0,40}", name in "\\PC{0,60}") {
        let letter = Letter {
            subject: subject.clone(),
            from: Sender { name: name.clone(), address: address("news@brand.test") },
            ..letter()
        };
        if let Ok(octets) = letter.to_bytes() {
            let headers = headers(&octets);
            proptest::prop_assert_eq!(headers.len(), 9);
            for line in octets.split(|octet| *octet == b'\n') {
                proptest::prop_assert!(line.len() <= 999 && line.is_ascii());
            }
        }
    }
}
