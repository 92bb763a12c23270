//! Quoted-printable (RFC 2045, section 6.7) in pieces that can be joined in any order.
//!
//! A piece begins at the beginning of a line and ends there: with a line break of its text, or with a soft one. So the
//! literal parts of a template are encoded once, values when they are known, and whatever the template puts behind
//! what, the whole is quoted-printable.

/// The longest line, in octets without its CRLF.
const LINE_MAX: usize = 76;

/// Encodes one piece at the end of `out`. Line breaks, be they CR, LF or CRLF, become CRLF; NUL is dropped (RFC 2045,
/// section 2.7).
///
/// A dot at the beginning of a line is encoded, so that nothing has to be stuffed later and no server on the way that
/// forgets to unstuff does any harm; so is a `From ` there, which some deliver as `>From `.
pub(super) fn push(out: &mut String, text: &str) {
    let octets = text.as_bytes();
    let (mut column, mut at) = (0, 0);
    while let Some((octet, rest)) = octets.get(at..).and_then(|left| left.split_first()) {
        // Not at the beginning of a line, most octets stand as they are: as many as there are and fit.
        if column > 0
            && let Some(stretch) = text.get(at..at + plain_stretch(octets, at, LINE_MAX - 1 - column))
            && !stretch.is_empty()
        {
            out.push_str(stretch);
            column += stretch.len();
            at += stretch.len();
            continue;
        }
        at += 1;
        let octet = *octet;
        match octet {
            0 => continue,
            // The line break is written at its last octet.
            b'\r' if rest.first() == Some(&b'\n') => continue,
            b'\r' | b'\n' => {
                out.push_str("\r\n");
                column = 0;
                continue;
            }
            _ => {}
        }
        // One column is kept for the sign of a soft line break.
        let width = |literal| if literal { 1 } else { 3 };
        let mut literal = is_literal(octet, rest, column);
        if column + width(literal) >= LINE_MAX {
            out.push_str("=\r\n");
            column = 0;
            literal = is_literal(octet, rest, column);
        }
        if literal {
            out.push(char::from(octet))
        } else {
            push_hex(out, octet)
        }
        column += width(literal);
    }
    if column > 0 {
        out.push_str("=\r\n");
    }
}

/// How many octets from `at` on, at most so many, stand as they are wherever they stand but at the beginning of a line.
fn plain_stretch(octets: &[u8], at: usize, most: usize) -> usize {
    let plain = |octet: &&u8| octet.is_ascii_graphic() && **octet != b'=';
    octets.iter().skip(at).take(most).take_while(plain).count()
}

/// Whether an octet may stand as it is, with `rest` behind it and so many octets before it on its line.
fn is_literal(octet: u8, rest: &[u8], column: usize) -> bool {
    match octet {
        b'=' => false,
        b'.' => column > 0,
        b'F' => column > 0 || !rest.starts_with(b"rom "),
        b' ' | b'\t' => !matches!(rest.iter().find(|octet| **octet != 0), Some(b'\r' | b'\n')),
        _ => octet.is_ascii_graphic(),
    }
}

fn push_hex(out: &mut String, octet: u8) {
    const DIGITS: [char; 16] =
        ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'A', 'B', 'C', 'D', 'E', 'F'];
    out.push('=');
    out.push(DIGITS[usize::from(octet >> 4)]);
    out.push(DIGITS[usize::from(octet & 15)]);
}

/// How many octets what [`push`] wrote stands for, a line break counted as one.
pub(super) fn decoded_octets(encoded: &[u8]) -> usize {
    let breaks = memchr::memchr_iter(b'\n', encoded).count();
    let signs = memchr::memchr_iter(b'=', encoded).count();
    let soft = memchr::memmem::find_iter(encoded, b"=\r\n").count();
    encoded.len() - 3 * soft - 2 * (signs - soft) - (breaks - soft)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn encoded(pieces: &[&str]) -> String {
        let mut out = String::new();
        for piece in pieces {
            push(&mut out, piece);
        }
        out
    }

    /// As the standard has it, in the slow way.
    fn decoded(encoded: &str) -> String {
        let joined = encoded.replace("=\r\n", "");
        let (mut octets, mut rest) = (Vec::new(), joined.as_str());
        while let Some((before, after)) = rest.split_once('=') {
            octets.extend_from_slice(before.as_bytes());
            octets.push(u8::from_str_radix(&after[..2], 16).unwrap());
            rest = &after[2..];
        }
        octets.extend_from_slice(rest.as_bytes());
        String::from_utf8(octets).unwrap()
    }

    #[test]
    fn what_could_be_changed_on_the_way_is_encoded() {
        assert_eq!(encoded(&["a \nb\t\n"]), "a=20\r\nb=09\r\n");
        assert_eq!(encoded(&[".", "From a", "=é\0"]), "=2E=\r\n=46rom a=\r\n=3D=C3=A9=\r\n");
        assert_eq!(encoded(&["a\rb\nc\r\n", ""]), "a\r\nb\r\nc\r\n");
    }

    proptest! {
        #[test]
        fn pieces_joined_in_any_order_come_back_as_they_were(
            pieces in proptest::collection::vec("([ \t.=F\n\u{0}]|From |[a-z]{1,90}|\\PC){0,40}", 0..8)
        ) {
            let pieces: Vec<&str> = pieces.iter().map(String::as_str).collect();
            let encoded = encoded(&pieces);
            let plain = pieces.concat().replace('\0', "");
            prop_assert_eq!(decoded(&encoded).replace("\r\n", "\n"), plain.clone());
            prop_assert_eq!(decoded_octets(encoded.as_bytes()), plain.len());
            prop_assert!(encoded.is_empty() || encoded.ends_with("\r\n"));
            for line in encoded.split("\r\n") {
                prop_assert!(line.len() <= LINE_MAX && line.bytes().all(|octet| matches!(octet, b' ' | b'\t' | b'!'..=b'~')));
                prop_assert!(!line.starts_with('.') && !line.starts_with("From ") && !line.ends_with([' ', '\t']));
            }
        }
    }
}
