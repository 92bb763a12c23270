//! One destination of a letter: what may be linked to, and how it is shown.

use url::{Host, Url};

/// The longest destination, in octets.
pub const URL_OCTETS_MAX: usize = 2000;

/// A web link of a letter, the same for everybody who gets it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundLink {
    /// The destination as the author wrote it, octet by octet, HTML character references resolved.
    pub url: String,
}

impl FoundLink {
    /// Checks a web address (O-14).
    ///
    /// # Errors
    /// What is wrong with it.
    pub(super) fn parse(url: &str) -> Result<Self, &'static str> {
        if url.chars().any(|letter| letter.is_control() || letter.is_whitespace()) {
            return Err("an address has no spaces, line breaks or control characters (write %20)");
        }
        if url.contains(['<', '>', '"', '\\', '`', '{', '}', '|', '^']) {
            return Err("percent-encode < > \" \\ ` { } | ^ in an address");
        }
        if url.len() > URL_OCTETS_MAX {
            return Err("this address is longer than 2000 octets");
        }
        if !is_web(url) {
            return Err("write the whole address, beginning with https://");
        }
        let parsed = Url::parse(url).map_err(|_| "this address is not valid")?;
        if !parsed.username().is_empty() || parsed.password().is_some() || authority(url).contains('@') {
            return Err("an address must not hold a user name or password");
        }
        if parsed.host().is_none() {
            return Err("this address names no host");
        }
        Ok(Self { url: url.to_owned() })
    }
}

/// The host of a web address in both forms, for people to compare (O-14): in A-labels, and in Unicode. An IP address
/// has one form; what is no web address has no host.
pub fn hosts(url: &str) -> Option<(String, String)> {
    match Url::parse(url).ok()?.host()? {
        Host::Domain(name) => Some((name.to_owned(), idna::domain_to_unicode(name).0)),
        address => Some((address.to_string(), address.to_string())),
    }
}

/// Whether it is a web address with a host: `http://…` or `https://…`.
pub(super) fn is_web(url: &str) -> bool {
    let begins =
        |scheme: &str| url.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme));
    begins("https://") || begins("http://")
}

fn authority(url: &str) -> &str {
    let rest = url.split_once("://").map_or("", |(_, rest)| rest);
    rest.split(['/', '?', '#']).next().unwrap_or_default()
}

/// Adds a link unless its very URL is there already.
pub(super) fn add(found: &mut Vec<FoundLink>, link: FoundLink) {
    if !found.iter().any(|other| other.url == link.url) {
        found.push(link);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_kept_octet_by_octet_and_its_host_shown_in_both_forms() {
        let url = "https://Bücher.example/%7Ea?q=%2F&x=1;2#Frag-%C3%BC";
        let link = FoundLink::parse(url).unwrap();
        assert_eq!(link.url, url);
        let both = ("xn--bcher-kva.example".to_owned(), "bücher.example".to_owned());
        assert_eq!(hosts(url), Some(both));
        assert_eq!(hosts("https://192.0.2.1/a").unwrap().1, "192.0.2.1");
        assert_eq!(hosts("/a"), None);
    }

    #[test]
    fn what_is_not_a_plain_web_address_is_refused() {
        for url in [
            "javascript:alert(1)",
            "data:text/html,x",
            "//evil.example",
            "/path",
            "https:evil.example",
            "https://",
            "https://user@bank.example",
            "https://user:pass@bank.example",
            "https://@bank.example",
            "https://a.example/a b",
            "https://a.example/\r\nx",
            "ht\ttps://a.example",
            "https://a.example\\@evil.example",
        ] {
            FoundLink::parse(url).expect_err(url);
        }
    }
}
