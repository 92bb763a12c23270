//! The addresses at which mail comes in: `b+TOKEN` for bounces, `u+TOKEN` for unsubscribes, `fbl` for complaints.
//! Letters are written with these words, and mail is known by them.

use std::fmt;

use crate::token::TOKEN_LENGTH_MAX;

/// What stands before the `+` in the envelope sender of a letter.
pub const BOUNCE_WORD: &str = "b";

/// What stands before the `+` in the address at which mail ends a brand's marketing.
pub const UNSUBSCRIBE_WORD: &str = "u";

/// The mailbox to which complaints go.
pub const COMPLAINTS_WORD: &str = "fbl";

/// What an address of ours is for. Only the shape is known; whether a token is good, the keys decide.
#[derive(Clone, PartialEq, Eq)]
pub enum Mailbox {
    /// The envelope sender of one letter (B-01): its token.
    Letter(String),
    /// The mailto of `List-Unsubscribe` (M-09): its token.
    Unsubscribe(String),
    /// Where providers send complaints (B-08).
    Feedback,
}

impl Mailbox {
    /// Reads an address, with or without angle brackets. Returns its mailbox and its domain in lower-case A-labels.
    pub fn parse(address: &str) -> Option<(Self, String)> {
        let address = address.trim();
        let address = address.strip_prefix('<').and_then(|rest| rest.strip_suffix('>')).unwrap_or(address);
        let (local, domain) = address.rsplit_once('@')?;
        let domain = idna::domain_to_ascii_strict(domain.trim_end_matches('.')).ok()?;
        let local = local.to_ascii_lowercase();
        let mailbox = match (local.split_once('+'), local.as_str()) {
            (Some((BOUNCE_WORD, token)), _) if is_token(token) => Self::Letter(token.to_owned()),
            (Some((UNSUBSCRIBE_WORD, token)), _) if is_token(token) => Self::Unsubscribe(token.to_owned()),
            (_, COMPLAINTS_WORD) => Self::Feedback,
            _ => return None,
        };
        Some((mailbox, domain))
    }
}

/// The token in the envelope sender of a letter; none if it has none.
pub fn letter_token(address: &str) -> Option<&str> {
    let (local, _) = address.rsplit_once('@')?;
    local.strip_prefix(BOUNCE_WORD)?.strip_prefix('+').filter(|token| is_token(token))
}

/// Whether it looks like a token that `Keys::seal_for_mail` made; in lower case.
pub(super) fn is_token(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= TOKEN_LENGTH_MAX
        && text.bytes().all(|octet| matches!(octet, b'a'..=b'z' | b'2'..=b'7'))
}

/// A token ends somebody's mail, so it never stands in a log.
impl fmt::Debug for Mailbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Letter(_) => "Letter(hidden)",
            Self::Unsubscribe(_) => "Unsubscribe(hidden)",
            Self::Feedback => "Feedback",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_known_by_its_shape_in_whatever_case() {
        let domain = String::from("in.brand.example");
        for (address, mailbox) in [
            ("b+abc234@in.brand.example", Mailbox::Letter("abc234".into())),
            ("<B+ABC234@IN.Brand.Example>", Mailbox::Letter("abc234".into())),
            ("u+abc@in.brand.example.", Mailbox::Unsubscribe("abc".into())),
            (" fbl@in.brand.example ", Mailbox::Feedback),
        ] {
            assert_eq!(Mailbox::parse(address), Some((mailbox, domain.clone())), "{address}");
        }
        for address in [
            "",
            "fbl",
            "b+@in.example",
            "b@in.example",
            "u+a b@in.example",
            "u+1@in.example",
            "info@x.test",
            "b+abc@",
        ] {
            assert_eq!(Mailbox::parse(address), None, "{address}");
        }
        let long = format!("b+{}@in.example", "a".repeat(TOKEN_LENGTH_MAX + 1));
        assert_eq!(Mailbox::parse(&long), None);
        assert!(!format!("{:?}", Mailbox::parse("u+abc@in.example")).contains("abc"));
    }
}
