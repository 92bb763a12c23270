//! A message taken apart as far as a report needs it: its header, and the parts of a multipart with their transfer
//! encoding undone. It never looks into a returned message, so nothing nests, and it reads no more than the beginning.

use mail_parser::decoders::base64::base64_decode;
use mail_parser::decoders::quoted_printable::quoted_printable_decode;
use mail_parser::{MessageParser, MimeHeaders};

use crate::mail::report::fields::Fields;

/// A longer message is no report and no unsubscribe, and is not taken; in octets.
pub const SIZE_MAX: usize = 10 * 1024 * 1024;

/// How much of a message is kept, in octets. Of a longer one nobody can say who signed it.
pub const KEPT_MAX: usize = 1024 * 1024;

/// How much of a message is read, in octets. A report says what it has to say before it returns the letter.
const READ_MAX: usize = 256 * 1024;

/// How much of that may be header.
const HEAD_MAX: usize = 64 * 1024;

/// How many multiparts may stand inside each other: a gateway may wrap a report to add its disclaimer.
const DEPTH_MAX: usize = 3;

/// More parts are not looked at.
const PARTS_MAX: usize = 40;

/// One part that is no multipart.
pub(super) struct Part {
    /// `message/delivery-status`, in lower case.
    pub(super) media_type: String,
    /// What is in it, decoded.
    pub(super) body: Vec<u8>,
}

/// A message in its parts.
pub(super) struct Parts {
    /// The message's own header.
    pub(super) head: Fields,
    /// Its parts in their order; a message that is no multipart is one.
    pub(super) all: Vec<Part>,
}

impl Parts {
    pub(super) fn read(message: &[u8]) -> Self {
        let message = &message[..message.len().min(READ_MAX)];
        let mut all = Vec::new();
        take_apart(message, 0, &mut all);
        Self { head: Fields::read(split(message).0), all }
    }

    /// The first part of one of these media types.
    pub(super) fn find(&self, media_types: &[&str]) -> Option<&Part> {
        self.all.iter().find(|part| media_types.contains(&part.media_type.as_str()))
    }
}

/// A header and what follows it.
pub(super) fn split(message: &[u8]) -> (&[u8], &[u8]) {
    let mut start = 0;
    while let Some(length) = message[start..].iter().position(|octet| *octet == b'\n') {
        if matches!(&message[start..start + length], b"" | b"\r") {
            return (&message[..start], &message[start + length + 1..]);
        }
        start += length + 1;
    }
    (message, b"")
}

fn take_apart(part: &[u8], depth: usize, all: &mut Vec<Part>) {
    if all.len() >= PARTS_MAX {
        return;
    }
    let (head, body) = split(part);
    let head = &head[..head.len().min(HEAD_MAX)];
    let parsed = MessageParser::new().default_header_ignore().with_mime_headers().parse_headers(head);
    let content_type = parsed.as_ref().and_then(|parsed| parsed.content_type());
    let media_type = content_type.map_or_else(
        || "text/plain".to_owned(),
        |found| format!("{}/{}", found.ctype(), found.subtype().unwrap_or_default()).to_ascii_lowercase(),
    );
    let boundary = content_type.and_then(|found| found.attribute("boundary"));
    match boundary.filter(|_| media_type.starts_with("multipart/")) {
        Some(boundary) if depth < DEPTH_MAX => {
            for inner in between(body, boundary.as_bytes()) {
                take_apart(inner, depth + 1, all);
            }
        }
        _ => {
            let encoding = Fields::read(head).word("content-transfer-encoding").unwrap_or_default();
            let decoded = match encoding.as_str() {
                "base64" => base64_decode(body),
                "quoted-printable" => quoted_printable_decode(body),
                _ => None,
            };
            all.push(Part { media_type, body: decoded.unwrap_or_else(|| body.to_vec()) });
        }
    }
}

/// What stands between the lines of a boundary (RFC 2046, section 5.1.1); the last may be cut off.
fn between<'a>(body: &'a [u8], boundary: &[u8]) -> Vec<&'a [u8]> {
    let mut parts = Vec::new();
    let (mut open, mut start) = (None, 0);
    while start < body.len() {
        let length = body[start..].iter().position(|octet| *octet == b'\n').unwrap_or(body.len() - start - 1);
        let line = body[start..=start + length].trim_ascii_end();
        let next = start + length + 1;
        if let Some(rest) = line.strip_prefix(b"--").and_then(|rest| rest.strip_prefix(boundary))
            && matches!(rest, b"" | b"--")
        {
            parts.extend(open.map(|from| &body[from..start]));
            open = rest.is_empty().then_some(next);
            if parts.len() > PARTS_MAX {
                return parts;
            }
        }
        start = next;
    }
    parts.extend(open.map(|from| &body[from..]));
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn types(message: &[u8]) -> Vec<String> {
        Parts::read(message).all.into_iter().map(|part| part.media_type).collect()
    }

    #[test]
    fn parts_are_found_and_decoded_also_inside_a_wrapper_and_without_an_end() {
        let message = b"Subject: x\r\nContent-Type: multipart/mixed; boundary=\"a b\"\r\n\r\npreamble\r\n--a b\r\n\
            Content-Type: multipart/report;\r\n boundary=in\r\n\r\n--in\r\n\r\nhello\r\n--in\r\n\
            Content-Type: Message/Delivery-Status\r\nContent-Transfer-Encoding: base64\r\n\r\nQWN0aW9uOiBm\r\n\
            YWlsZWQK\r\n--in\r\nContent-Type: text/x; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\
            \r\ncaf=C3=A9 =\r\nbar\r\n--in--\r\n--a b\r\nContent-Type: text/html\r\n\r\n<p>disclaimer";
        let parts = Parts::read(message);
        assert_eq!(parts.head.first("subject"), Some("x"));
        assert_eq!(types(message), ["text/plain", "message/delivery-status", "text/x", "text/html"]);
        assert_eq!(parts.find(&["message/delivery-status"]).unwrap().body, b"Action: failed\n");
        assert_eq!(String::from_utf8_lossy(&parts.all[2].body).trim(), "café bar");
        assert_eq!(parts.all[3].body, b"<p>disclaimer");
    }

    #[test]
    fn a_returned_message_is_left_whole() {
        let message = b"Content-Type: multipart/report; boundary=o\n\n--o\nContent-Type: message/rfc822\n\n\
            Content-Type: multipart/report; boundary=i\n\n--i\nContent-Type: message/delivery-status\n\nAction: failed\n\
            --i--\n--o--\n";
        assert_eq!(types(message), ["message/rfc822"]);
    }

    #[test]
    fn nests_and_floods_of_parts_end_soon() {
        let nest: String = (0..5_000)
            .map(|level| format!("Content-Type: multipart/mixed; boundary=b{level}\n\n--b{level}\n"))
            .collect();
        assert_eq!(types(nest.as_bytes()).len(), 1);
        let flood = format!("Content-Type: multipart/mixed; boundary=b\n\n{}", "--b\n\nx\n".repeat(100_000));
        assert_eq!(types(flood.as_bytes()).len(), PARTS_MAX);
        assert_eq!(types(b""), ["text/plain"]);
        assert_eq!(types(&vec![b'\n'; 1_000_000]), ["text/plain"]);
        assert_eq!(types("a: b\n".repeat(2_000_000).as_bytes()), ["text/plain"]);
    }
}
