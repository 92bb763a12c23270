//! Percent-encoding (RFC 3986, section 2.1), read strictly: a `%` without two digits behind it is nothing that anybody meant.

/// The octets that are meant; none if a `%` is broken.
pub fn decode(octets: &[u8]) -> Option<Vec<u8>> {
    let is_whole = |at: usize| {
        let digits = octets.get(at + 1..at + 3);
        digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
    };
    let whole = octets.iter().enumerate().all(|(at, octet)| *octet != b'%' || is_whole(at));
    whole.then(|| percent_encoding::percent_decode(octets).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_broken_is_refused_and_not_taken_as_it_stands() {
        assert_eq!(decode(b"a%20b+%e2%82%AC%25").unwrap(), "a b+\u{20ac}%".as_bytes());
        assert_eq!(decode(b"").unwrap(), b"");
        for broken in ["%", "a%2", "%%20", "%g0", "%2%20", "%+1"] {
            assert_eq!(decode(broken.as_bytes()), None, "{broken}");
        }
    }
}
