//! The text part of a letter: its links are found and made ready as in the HTML part.
//!
//! A web address ends at white space, a quotation mark, `<`, `>` or a template tag. Within `<…>` all of it is
//! the address (RFC 3986, appendix C); elsewhere punctuation behind it belongs to the sentence, unless the
//! address is known with it.

use crate::error::Problem;
use crate::mail::link::{self, FoundLink};
use crate::mail::markup::{self, Shield};

/// Punctuation that may end a sentence, or an address.
const PUNCTUATION: [char; 12] = ['.', ',', ';', ':', '!', '?', ')', ']', '}', '\'', '*', '_'];

/// Checks the text of a template and lists its web links, each URL once, in order.
///
/// # Errors
/// Everything that is wrong, each with its line. The problems' field is `text`.
pub fn links(text: &str) -> Result<Vec<FoundLink>, Vec<Problem>> {
    let (_, text) = Shield::over(text).map_err(|found| vec![Problem::new("text", found.detail)])?;
    let (mut found, mut problems) = (Vec::new(), Vec::new());
    let mut rest = text.as_str();
    let mut line = 1;
    while let Some((before, address, after)) = next_address(rest) {
        line += before.matches('\n').count();
        let checked = if after.starts_with(markup::is_mark) {
            Err("a link is the same for everybody; personal data does not belong in a URL")
        } else {
            let bracketed = before.ends_with('<') && after.starts_with('>');
            FoundLink::parse(if bracketed { address } else { without_punctuation(address) })
        };
        match checked {
            Ok(url) => link::add(&mut found, url),
            Err(detail) => problems.push(Problem::new("text", format!("Line {line}: {detail}"))),
        }
        rest = after;
    }
    if problems.is_empty() { Ok(found) } else { Err(problems) }
}

/// Makes the text of a campaign ready: each address for which `link_slot` gives a template expression is
/// replaced by it, and the footer follows. The outcome is template source again.
pub fn prepare(text: &str, link_slot: impl Fn(&str) -> Option<String>, footer_text: &str) -> String {
    let (shield, source) = match Shield::over(text) {
        Ok(shielded) => shielded,
        // Not a template that parses; it is left as it is and will say so itself.
        Err(_) => (Shield::default(), text.to_owned()),
    };
    let mut out = String::with_capacity(source.len());
    let mut rest = source.as_str();
    while let Some((before, address, after)) = next_address(rest) {
        out.push_str(before);
        let (slot, length) = slot_of(address, &link_slot);
        out.push_str(&slot);
        out.push_str(&address[length..]);
        rest = after;
    }
    out.push_str(rest);
    let body = shield.lift(&out);
    format!("{}\n\n{}", body.trim_end(), footer_text)
}

/// The slot of the longest beginning of the address that has one, and that beginning's length.
fn slot_of(address: &str, link_slot: &impl Fn(&str) -> Option<String>) -> (String, usize) {
    let mut candidate = address;
    loop {
        if let Some(slot) = link_slot(candidate) {
            return (slot, candidate.len());
        }
        match candidate.strip_suffix(PUNCTUATION) {
            Some(shorter) => candidate = shorter,
            None => return (address.to_owned(), address.len()),
        }
    }
}

fn without_punctuation(address: &str) -> &str {
    let mut address = address;
    while let Some(shorter) = address.strip_suffix(PUNCTUATION) {
        // A bracket that was opened within the address closes within it.
        if address.ends_with(')') && shorter.matches('(').count() > shorter.matches(')').count() {
            break;
        }
        address = shorter;
    }
    address
}

/// What stands before the next web address, the address with what sticks to it, and the rest.
fn next_address(text: &str) -> Option<(&str, &str, &str)> {
    let start = text.char_indices().map(|(at, _)| at).find(|at| link::is_web(&text[*at..]))?;
    let ends = |letter: char| {
        letter.is_whitespace()
            || letter.is_control()
            || matches!(letter, '<' | '>' | '"')
            || markup::is_mark(letter)
    };
    let end = text[start..].find(ends).map_or(text.len(), |length| start + length);
    Some((&text[..start], &text[start..end], &text[end..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn urls(text: &str) -> Vec<String> {
        links(text).unwrap().into_iter().map(|link| link.url).collect()
    }

    #[test]
    fn addresses_are_found_without_the_punctuation_around_them() {
        assert_eq!(
            urls(
                "See https://a.example/x, (https://a.example/y). <https://a.example/z> https://a.example/w_(b)!"
            ),
            ["https://a.example/x", "https://a.example/y", "https://a.example/z", "https://a.example/w_(b)"]
        );
    }

    #[test]
    fn a_tag_within_an_address_is_refused_with_its_line() {
        for text in ["a\nhttps://a.example/{{ email }}", "a\nhttps://a.example/?x={% if a %}1{% endif %}"] {
            let problems = links(text).unwrap_err();
            assert!(problems[0].detail.starts_with("Line 2: a link is the same"), "{problems:?}");
        }
        assert!(links("https://u:p@a.example/").is_err());
        assert_eq!(urls("{{ unsubscribe_url }} {{ x|default('https://a.example') }}"), [""; 0]);
    }

    #[test]
    fn known_addresses_get_their_slots_and_all_else_stays() {
        let slot = |url: &str| match url {
            "https://a.example/x" => Some(String::from("{{ l.a }}")),
            "https://a.example/x.)" => Some(String::from("{{ l.b }}")),
            _ => None,
        };
        assert_eq!(
            prepare(
                "Go (https://a.example/x), https://a.example/x.) or https://a.example/xy. {{ n|default('https://a.example/x') }}\n\n",
                slot,
                "Unsubscribe: {{ u }}"
            ),
            "Go ({{ l.a }}), {{ l.b }} or https://a.example/xy. {{ n|default('https://a.example/x') }}\n\nUnsubscribe: {{ u }}"
        );
    }

    proptest::proptest! {
        #[test]
        fn without_slots_nothing_changes(text in "(https?://[a-z./)]{0,9}|[ {}%.,\n]|\\PC){0,30}") {
            let prepared = prepare(&text, |_| None, "F");
            proptest::prop_assert_eq!(prepared, format!("{}\n\nF", text.trim_end()));
            let _ = links(&text);
        }
    }
}
