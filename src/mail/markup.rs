//! The author's template tags within other text: found, shielded from other parsers, and put back.
//!
//! An HTML parser must not look into `{{ name|default("<b>") }}`, nor may a line break end up inside. Each
//! tag is swapped for a short word of private-use letters, and swapped back afterwards.

use crate::error::Problem;

/// A piece of a template's source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Piece<'a> {
    /// Text that is copied as it is.
    Text(&'a str),
    /// `{{ … }}`, `{% … %}` or `{# … #}` with its delimiters.
    Tag(&'a str),
}

const OPEN: char = '\u{E000}';
const CLOSE: char = '\u{E001}';
const ZERO: u32 = 0xE010;

/// Cuts a source into its pieces. Pairs each with the number of the line on which it begins, from 1.
///
/// # Errors
/// If a tag does not end.
pub(super) fn pieces(source: &str) -> Result<Vec<(usize, Piece<'_>)>, Problem> {
    let mut pieces = Vec::new();
    let (mut rest, mut line) = (source, 1);
    while !rest.is_empty() {
        let start = tag_start(rest).unwrap_or(rest.len());
        let (text, tail) = rest.split_at(start);
        if !text.is_empty() {
            pieces.push((line, Piece::Text(text)));
            line += breaks(text);
        }
        if tail.is_empty() {
            break;
        }
        let length = tag_length(tail)
            .ok_or_else(|| Problem::new("", format!("Line {line}: this template tag does not end")))?;
        let (tag, tail) = tail.split_at(length);
        pieces.push((line, Piece::Tag(tag)));
        line += breaks(tag);
        rest = tail;
    }
    Ok(pieces)
}

fn breaks(text: &str) -> usize {
    text.bytes().filter(|octet| *octet == b'\n').count()
}

fn tag_start(text: &str) -> Option<usize> {
    text.as_bytes().windows(2).position(|pair| matches!(pair, b"{{" | b"{%" | b"{#"))
}

/// Octets of the tag at the beginning of the text, quoted text within it respected.
fn tag_length(text: &str) -> Option<usize> {
    let octets = text.as_bytes();
    let end: &[u8] = match octets.get(1)? {
        b'#' => return text.get(2..)?.find("#}").map(|at| at + 4),
        b'%' => b"%}",
        _ => b"}}",
    };
    let (mut quote, mut at) = (None, 2);
    while at < octets.len() {
        match quote {
            Some(_) if octets[at] == b'\\' => at += 1,
            Some(mark) if octets[at] == mark => quote = None,
            Some(_) => {}
            None if octets[at..].starts_with(end) => return Some(at + 2),
            None if matches!(octets[at], b'"' | b'\'') => quote = Some(octets[at]),
            None => {}
        }
        at += 1;
    }
    None
}

/// A source whose tags are shielded, with all that is needed to put them back.
#[derive(Debug, Default)]
pub(super) struct Shield {
    kept: Vec<String>,
}

impl Shield {
    /// Shields all tags of a source.
    ///
    /// # Errors
    /// If a tag does not end, or the source holds the letters that we use for the purpose.
    pub(super) fn over(source: &str) -> Result<(Self, String), Problem> {
        if let Some(at) = source.find(|letter| ('\u{E000}'..='\u{E01F}').contains(&letter)) {
            let line = breaks(&source[..at]) + 1;
            return Err(Problem::new("", format!("Line {line}: private-use characters cannot be mailed")));
        }
        let mut shield = Self::default();
        let mut text = String::with_capacity(source.len());
        for (_, piece) in pieces(source)? {
            match piece {
                Piece::Text(piece) => text.push_str(piece),
                Piece::Tag(tag) => text.push_str(&shield.keep(tag)),
            }
        }
        Ok((shield, text))
    }

    /// Takes some text into keeping; gives the word that stands for it.
    pub(super) fn keep(&mut self, text: &str) -> String {
        let mut word = String::from(OPEN);
        for digit in self.kept.len().to_string().chars() {
            word.extend(digit.to_digit(10).and_then(|digit| char::from_u32(ZERO + digit)));
        }
        word.push(CLOSE);
        self.kept.push(text.to_owned());
        word
    }

    /// Puts everything back.
    pub(super) fn lift(&self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some((before, after)) = rest.split_once(OPEN) {
            out.push_str(before);
            let Some((word, after)) = after.split_once(CLOSE) else { break };
            let number = word
                .chars()
                .filter_map(|letter| u32::from(letter).checked_sub(ZERO))
                .fold(0_usize, |number, digit| number.saturating_mul(10).saturating_add(digit as usize));
            out.push_str(self.kept.get(number).map_or("", String::as_str));
            rest = after;
        }
        out.push_str(rest);
        out
    }
}

/// Whether shielded text holds a tag.
pub(super) fn has_tag(text: &str) -> bool {
    text.contains(is_mark)
}

/// Whether this letter begins or ends the word that stands for a tag.
pub(super) fn is_mark(letter: char) -> bool {
    matches!(letter, OPEN | CLOSE)
}

/// Whether a tag follows directly behind something that begins markup, so that it could turn text into
/// markup or one element into another: `<{{ x }}`, `</{{`, `<!{#`, `&{{`.
pub(super) fn tag_after_markup(text: &str) -> bool {
    ["<", "</", "<!", "<!-", "<?", "&", "&#"]
        .iter()
        .any(|begin| text.match_indices(begin).any(|(at, begin)| text[at + begin.len()..].starts_with(OPEN)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_found_with_their_lines_and_quoted_ends_do_not_end_them() {
        let source = "a\n{{ x|default(\"}} \\\" \") }}\n{# c }} #}{% if y %}z";
        let found: Vec<_> = pieces(source).unwrap();
        assert_eq!(
            found,
            [
                (1, Piece::Text("a\n")),
                (2, Piece::Tag("{{ x|default(\"}} \\\" \") }}")),
                (2, Piece::Text("\n")),
                (3, Piece::Tag("{# c }} #}")),
                (3, Piece::Tag("{% if y %}")),
                (3, Piece::Text("z")),
            ]
        );
    }

    #[test]
    fn a_tag_without_an_end_is_named_with_its_line() {
        assert!(pieces("a\nb {{ x }").unwrap_err().detail.contains("Line 2"));
    }

    proptest::proptest! {
        #[test]
        fn what_is_shielded_comes_back_as_it_was(source in "([{}%#\"'\\\\a é<]|\\PC){0,60}") {
            if let Ok((shield, text)) = Shield::over(&source) {
                proptest::prop_assert_eq!(tag_start(&text), None);
                proptest::prop_assert_eq!(shield.lift(&text), source);
            }
        }
    }
}
