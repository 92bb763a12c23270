//! A message as a mail program reads it: headers decoded, the text and the HTML part found.

use mail_parser::{MessageParser, PartType};

/// A message that was read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Received {
    /// The subject, decoded.
    pub subject: String,
    /// The header fields in their order, unfolded and otherwise as sent.
    pub headers: Vec<(String, String)>,
    /// The plain text, decoded; empty if there is none.
    pub text: String,
    /// The HTML, decoded; empty if there is none.
    pub html: String,
}

impl Received {
    /// Reads a message; none if it has not even a header.
    pub fn read(message: &[u8]) -> Option<Self> {
        let parsed = MessageParser::new().parse(message)?;
        let mut received = Self {
            subject: parsed.subject().unwrap_or_default().to_owned(),
            // RFC 5322, section 2.2.3: unfolding takes the line break away and leaves the space.
            headers: parsed
                .headers_raw()
                .map(|(name, value)| (name.to_owned(), value.replace("\r\n", "").trim().to_owned()))
                .collect(),
            ..Self::default()
        };
        for part in &parsed.parts {
            match &part.body {
                PartType::Text(text) => received.text.push_str(text),
                PartType::Html(html) => received.html.push_str(html),
                _ => {}
            }
        }
        Some(received)
    }

    /// The first header field of this name; empty if there is none.
    pub fn header(&self, name: &str) -> &str {
        let same = |(other, _): &&(String, String)| other.eq_ignore_ascii_case(name);
        self.headers.iter().find(same).map_or("", |(_, value)| value)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MESSAGE: &[u8] = b"From: Civic <hello@news.example.com>\r\nSubject: =?utf-8?q?Caf=C3=A9?=\r\n\
        List-Unsubscribe:\r\n <https://example.com/u>\r\nMIME-Version: 1.0\r\n\
        Content-Type: multipart/alternative; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain; charset=utf-8\r\n\
        Content-Transfer-Encoding: quoted-printable\r\n\r\nSee =3D\r\n--b\r\nContent-Type: text/html\r\n\r\n<p>See</p>\
        \r\n--b--\r\n";

    #[test]
    fn parts_are_decoded_and_headers_unfolded() {
        let received = Received::read(MESSAGE).unwrap();
        assert_eq!(received.subject, "Café");
        assert_eq!(received.header("list-unsubscribe"), "<https://example.com/u>");
        assert_eq!((received.text.trim(), received.html.trim()), ("See =", "<p>See</p>"));
        assert_eq!(received.header("X-None"), "");
    }

    proptest! {
        #[test]
        fn any_octets_at_all_are_read_without_harm(octets in proptest::collection::vec(any::<u8>(), 0..400)) {
            let _ = Received::read(&octets);
        }

        #[test]
        fn a_message_cut_anywhere_is_read_without_harm(end in 0..MESSAGE.len()) {
            let _ = Received::read(&MESSAGE[..end]);
        }
    }
}
