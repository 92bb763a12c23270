//! A message as the wire takes it: looked through once, and written with its dots stuffed.

use std::fmt::{self, Write};

use memchr::memchr3;

/// The longest line, in octets without its CRLF (RFC 5321, section 4.5.3.1.6).
const LINE_MAX: usize = 998;

/// A message that is fit for the wire: UTF-8, every line ends in CRLF and has at most 998 octets, and there is no NUL.
/// A bare CR or LF could smuggle a second message past the server (M-15; RFC 5321, section 2.3.8).
///
/// Displayed it is what DATA takes: a dot before every leading dot, and the final dot (RFC 5321, section 4.5.2).
#[derive(Debug, Clone, Copy)]
pub(super) struct Content<'a> {
    text: &'a str,
    has_leading_dot: bool,
}

impl<'a> Content<'a> {
    /// Looks at a message; nothing if it is not fit.
    pub(super) fn of(message: &'a [u8]) -> Option<Self> {
        let text = std::str::from_utf8(message).ok()?;
        let (mut rest, mut has_leading_dot) = (message, false);
        while !rest.is_empty() {
            let end = memchr3(b'\r', b'\n', 0, rest)?;
            has_leading_dot |= rest.starts_with(b".");
            rest = rest.get(end..)?.strip_prefix(b"\r\n")?;
            if end > LINE_MAX {
                return None;
            }
        }
        (!message.is_empty()).then_some(Self { text, has_leading_dot })
    }

    /// Whether it needs nothing beyond ASCII.
    pub(super) fn is_ascii(self) -> bool {
        self.text.is_ascii()
    }
}

impl fmt::Display for Content<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest = self.text;
        if self.has_leading_dot {
            if rest.starts_with('.') {
                f.write_char('.')?;
            }
            while let Some(at) = rest.find("\r\n.") {
                let (before, after) = rest.split_at(at + 3);
                f.write_str(before)?;
                f.write_char('.')?;
                rest = after;
            }
        }
        f.write_str(rest)?;
        f.write_str(".\r\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        #[test]
        fn what_reaches_the_wire_has_one_end_and_comes_back_as_it_was(message in "([.]|\r\n|\r\n\\.|[\r\n]|[a-zé]){0,30}(\r\n)?") {
            let bare = message.replace("\r\n", "").contains(['\r', '\n']);
            let fit = Content::of(message.as_bytes());
            proptest::prop_assert_eq!(fit.is_some(), message.ends_with("\r\n") && !bare);
            if let Some(fit) = fit {
                let sent = fit.to_string();
                let content = sent.strip_suffix(".\r\n").unwrap();
                let early_end = content.split("\r\n").any(|line| line == ".");
                proptest::prop_assert!(!early_end);
                let read: String =
                    content.split_inclusive("\r\n").map(|line| line.strip_prefix('.').unwrap_or(line)).collect();
                proptest::prop_assert_eq!(&read, &message);
            }
        }
    }
}
