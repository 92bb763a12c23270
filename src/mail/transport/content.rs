//! A message as the wire takes it: looked through once, and written with its dots stuffed.

use std::borrow::Cow;

use memchr::{memchr, memchr_iter};

/// The longest line, in octets without its CRLF (RFC 5321, section 4.5.3.1.6).
const LINE_MAX: usize = 998;

/// A message that is fit for the wire: UTF-8, every line ends in CRLF and has at most 998 octets, and there is no NUL.
/// A bare CR or LF could smuggle a second message past the server (M-15; RFC 5321, section 2.3.8).
#[derive(Debug, Clone, Copy)]
pub(super) struct Content<'a> {
    text: &'a str,
    has_leading_dot: bool,
}

impl<'a> Content<'a> {
    /// Looks at a message; nothing if it is not fit.
    pub(super) fn of(message: &'a [u8]) -> Option<Self> {
        let text = std::str::from_utf8(message).ok()?;
        let (mut begin, mut lines, mut has_leading_dot) = (0, 0, false);
        for end in memchr_iter(b'\n', message) {
            let line = message.get(begin..end)?.strip_suffix(b"\r")?;
            if line.len() > LINE_MAX {
                return None;
            }
            has_leading_dot |= line.starts_with(b".");
            (begin, lines) = (end + 1, lines + 1);
        }
        // Each CR is the one of its line.
        let whole = begin == message.len() && memchr_iter(b'\r', message).count() == lines;
        (whole && lines > 0 && memchr(0, message).is_none()).then_some(Self { text, has_leading_dot })
    }

    /// Whether it needs nothing beyond ASCII.
    pub(super) fn is_ascii(self) -> bool {
        self.text.is_ascii()
    }

    /// What DATA takes before the final dot: a dot before every leading dot (RFC 5321, section 4.5.2).
    pub(super) fn stuffed(self) -> Cow<'a, str> {
        if !self.has_leading_dot {
            return Cow::Borrowed(self.text);
        }
        let mut stuffed = String::with_capacity(self.text.len() + 64);
        for line in self.text.split_inclusive("\r\n") {
            if line.starts_with('.') {
                stuffed.push('.');
            }
            stuffed.push_str(line);
        }
        Cow::Owned(stuffed)
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
                let content = fit.stuffed();
                let early_end = content.split("\r\n").any(|line| line == ".");
                proptest::prop_assert!(!early_end);
                let read: String =
                    content.split_inclusive("\r\n").map(|line| line.strip_prefix('.').unwrap_or(line)).collect();
                proptest::prop_assert_eq!(&read, &message);
            }
        }
    }
}
