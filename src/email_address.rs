//! One email address in its canonical form: parsed once at the door, trusted inside.
//!
//! Canonical: the domain in lower-case A-labels (RFC 5890), the local part as written but in Unicode form C
//! and lower case for comparison (SEC-09). It must never appear in a log; `Debug` hides it.

use std::fmt;

use diesel::backend::Backend;
use diesel::deserialize::FromSqlRow;
use diesel::deserialize::{self, FromSql};
use diesel::expression::AsExpression;
use diesel::serialize::{self, Output, ToSql};
use diesel::sql_types::Text;

use crate::error::Problem;
use crate::i18n::Message;
use crate::token::Keys;

/// A syntactically valid email address, canonical, at most 254 octets.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, AsExpression, FromSqlRow)]
#[diesel(sql_type = Text)]
pub struct EmailAddress(String);

impl EmailAddress {
    /// Reads an address as a person typed it.
    ///
    /// # Errors
    /// Says what is wrong, without repeating the address.
    pub fn parse(text: &str) -> Result<Self, Problem> {
        let problem = |message| Problem::said("email", message);
        let text = text.trim();
        if text.is_empty() {
            return Err(problem(Message::new("problem-email-missing")));
        }
        let (local, domain) =
            text.rsplit_once('@').ok_or_else(|| problem(Message::new("problem-email-at")))?;
        if local.starts_with('"') || domain.starts_with('[') {
            return Err(problem(Message::new("problem-email-quoted")));
        }
        if text.chars().any(|c| c.is_control() || c.is_whitespace()) {
            return Err(problem(Message::new("problem-email-spaces")));
        }
        let domain = idna::domain_to_ascii_strict(domain)
            .map_err(|_| problem(Message::new("problem-email-domain")))?;
        if !domain.contains('.') {
            return Err(problem(Message::new("problem-email-dot")));
        }
        let canonical = format!("{}@{domain}", local.to_lowercase());
        if local.len() > 64 || canonical.len() > 254 {
            return Err(problem(Message::new("problem-email-long")));
        }
        if !email_address::EmailAddress::is_valid(&canonical) {
            return Err(problem(Message::new("problem-email-form")));
        }
        Ok(Self(canonical))
    }

    /// The whole address.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Another mailbox at the same domain; nothing if `local` is not made of ASCII lower-case letters, digits and
    /// single `.`, `-`, `_` or `+` between them, or is longer than 64 octets (RFC 5321, section 4.5.3.1.1).
    ///
    /// For addresses of our own, one for each letter: much cheaper than [`parse`](Self::parse).
    pub fn beside(&self, local: &str) -> Option<Self> {
        let word = |octet: u8| octet.is_ascii_lowercase() || octet.is_ascii_digit();
        let fits = local.len() <= 64
            && local.split(['.', '-', '_', '+']).all(|part| !part.is_empty() && part.bytes().all(word));
        let domain = self.domain();
        (fits && local.len() + 1 + domain.len() <= 254).then(|| Self(format!("{local}@{domain}")))
    }

    /// The domain, lower case, in A-labels.
    pub fn domain(&self) -> &str {
        self.0.rsplit_once('@').map_or("", |(_, domain)| domain)
    }

    /// The keyed hash under which it is remembered when the address itself is gone (L-34).
    pub fn keyed_hash(&self, keys: &Keys) -> Vec<u8> {
        keys.address_hash("email", &self.0)
    }

    /// Enough for its owner to know it again, too little for anybody else: `j•••@e•••.com` (SEC-04).
    pub fn masked(&self) -> String {
        let (local, domain) = self.0.rsplit_once('@').unwrap_or((&self.0, ""));
        let (host, ending) = domain.rsplit_once('.').unwrap_or((domain, ""));
        let first = |text: &str| text.chars().next().map(String::from).unwrap_or_default();
        format!("{}•••@{}•••.{ending}", first(local), first(host))
    }
}

impl fmt::Debug for EmailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EmailAddress(hidden)")
    }
}

impl<DB> ToSql<Text, DB> for EmailAddress
where
    DB: Backend,
    str: ToSql<Text, DB>,
{
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, DB>) -> serialize::Result {
        self.0.as_str().to_sql(out)
    }
}

/// What is stored was parsed before; it is not parsed again.
impl<DB> FromSql<Text, DB> for EmailAddress
where
    DB: Backend,
    String: FromSql<Text, DB>,
{
    fn from_sql(bytes: DB::RawValue<'_>) -> deserialize::Result<Self> {
        String::from_sql(bytes).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_domain_becomes_lower_case_a_labels_and_the_name_lower_case() {
        assert_eq!(EmailAddress::parse(" Ana@Exämple.COM ").unwrap().as_str(), "ana@xn--exmple-cua.com");
    }

    #[test]
    fn what_is_not_an_address_is_refused_without_being_repeated() {
        for text in [
            "",
            "ana",
            "ana@",
            "@council.test",
            "a b@example.com",
            "a@b",
            "a@example.com\r\nBcc: x@example.com",
            "\"a\"@council.test",
            "a@[127.0.0.1]",
            "a@exa_mple.com",
        ] {
            let problem = EmailAddress::parse(text).expect_err(text);
            assert!(text.is_empty() || !problem.detail.contains(text), "{text}");
        }
        assert!(EmailAddress::parse(&format!("{}@example.com", "a".repeat(65))).is_err());
    }

    #[test]
    fn a_masked_address_keeps_only_two_letters_and_the_ending() {
        assert_eq!(EmailAddress::parse("jane.roe@council.example").unwrap().masked(), "j•••@c•••.example");
        assert_eq!(format!("{:?}", EmailAddress::parse("jane@example.com").unwrap()), "EmailAddress(hidden)");
    }

    proptest::proptest! {
        #[test]
        fn a_mailbox_beside_another_is_an_address_too(local in "[a-z0-9.+_-]{0,70}|\\PC{0,9}") {
            let base = EmailAddress::parse("postmaster@in.brand.test").unwrap();
            if let Some(address) = base.beside(&local) {
                proptest::prop_assert_eq!(EmailAddress::parse(&format!("{local}@in.brand.test")).unwrap(), address);
            }
        }

        #[test]
        fn parsing_what_was_parsed_changes_nothing(text in "[a-zA-Z0-9.+é-]{1,20}@[a-z]{1,9}\\.(com|test)") {
            if let Ok(address) = EmailAddress::parse(&text) {
                proptest::prop_assert_eq!(EmailAddress::parse(address.as_str()).unwrap(), address);
            }
        }

        #[test]
        fn no_accepted_address_can_break_a_header(text in "\\PC{0,40}") {
            if let Ok(address) = EmailAddress::parse(&text) {
                proptest::prop_assert!(!address.as_str().contains(['\r', '\n', ' ', '<', '>', ',']));
            }
        }
    }
}
