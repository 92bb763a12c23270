//! What fits on one line: names and sentences that end up in headers of letters, in pages and in lists.

/// Whether a text is one line of at most so many characters: nothing that breaks it or steers a terminal, since a line break
/// in a name could end up in a header of a letter (M-14). An empty one is a line.
pub fn is_line(text: &str, most: usize) -> bool {
    // Characters have an octet or more each, so most texts need not be counted.
    (text.len() <= most || text.chars().count() <= most) && !text.chars().any(char::is_control)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_are_counted_and_not_octets() {
        assert!(is_line("", 0) && is_line("plain", 5) && is_line("Ŵythnos", 7) && is_line("日本語", 3));
        assert!(!is_line("plain", 4) && !is_line("日本語", 2));
        for broken in ["a\nb", "a\r", "\u{0}", "\u{7f}", "\u{85}"] {
            assert!(!is_line(broken, 10), "{broken:?}");
        }
    }
}
