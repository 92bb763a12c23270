//! What is signed: header fields and body in the relaxed canonical form (RFC 6376, sections 3.4.2 and 3.4.4).

use aws_lc_rs::digest::{Context, Digest, SHA256};
use memchr::{memchr_iter, memmem};

/// How many octets of a body are looked at together. Small enough that one with something to change costs little,
/// large enough for vector instructions.
const BLOCK: usize = 64;

/// One header field: what stands left and right of its colon, folds included, without its last CRLF.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Field<'a> {
    pub(super) name: &'a [u8],
    pub(super) value: &'a [u8],
}

impl Field<'_> {
    pub(super) fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name.as_bytes())
    }
}

/// A message's header fields and its body; nothing if no empty line parts them or a line is no field.
pub(super) fn split(message: &[u8]) -> Option<(Vec<Field<'_>>, &[u8])> {
    let end = memmem::find(message, b"\r\n\r\n")? + 2;
    let (mut fields, mut start) = (Vec::with_capacity(24), 0);
    for line_end in memchr_iter(b'\n', &message[..end]) {
        // The octet behind the last line end is the CR of the empty line.
        if is_space(message[line_end + 1]) {
            continue;
        }
        let field = message[start..line_end].strip_suffix(b"\r")?;
        let colon = memchr::memchr(b':', field)?;
        fields.push(Field { name: field[..colon].trim_ascii_end(), value: &field[colon + 1..] });
        start = line_end + 1;
    }
    Some((fields, &message[end + 2..]))
}

/// Adds a field in canonical form, without a CRLF: the name in lower case, the value on one line, one space for each
/// run of white space and none at either end.
pub(super) fn push_field(name: &[u8], value: &[u8], out: &mut Vec<u8>) {
    out.extend(name.iter().map(u8::to_ascii_lowercase));
    out.push(b':');
    let words = value.split(|octet| matches!(octet, b' ' | b'\t' | b'\r' | b'\n'));
    for (place, word) in words.filter(|word| !word.is_empty()).enumerate() {
        if place > 0 {
            out.push(b' ');
        }
        out.extend_from_slice(word);
    }
}

/// SHA-256 of the canonical body.
pub(super) fn body_hash(body: &[u8]) -> Digest {
    let mut hash = Context::new(&SHA256);
    pass_body(body, |piece| hash.update(piece));
    hash.finish()
}

/// Passes the canonical body on in as few pieces as can be: lines without white space at their ends, one space for
/// each run within, no empty lines at the end, and CRLF behind the last line unless there is none.
pub(super) fn pass_body(body: &[u8], mut pass: impl FnMut(&[u8])) {
    let body = &body[..content_end(body)];
    if body.is_empty() {
        return;
    }
    // What stands before `start` was passed on or left out; what stands before `at` was looked at.
    let (mut start, mut at) = (0, 0);
    while at < body.len() {
        let block = &body[at..body.len().min(at + BLOCK + 1)];
        let Some(found) = first_change(block) else {
            at += BLOCK;
            continue;
        };
        let run = at + found;
        let length = body[run..].iter().take_while(|octet| is_space(**octet)).count();
        let ends_line = body[run + length..].starts_with(b"\r\n");
        if ends_line {
            pass(&body[start..run]);
            start = run + length;
        } else if body[run..run + length] != *b" " {
            pass(&body[start..run]);
            pass(b" ");
            start = run + length;
        }
        at = run + length;
    }
    pass(&body[start..]);
    pass(b"\r\n");
}

/// Where the last octet is that is neither white space nor a line break.
fn content_end(body: &[u8]) -> usize {
    let mut rest = body;
    while let [shorter @ .., b' ' | b'\t'] | [shorter @ .., b'\r', b'\n'] = rest {
        rest = shorter;
    }
    rest.len()
}

/// Where the first run of white space begins that may have to change. The last octet is only looked ahead to.
fn first_change(block: &[u8]) -> Option<usize> {
    let pairs = || block.iter().zip(&block[1..]);
    // Most blocks have none, and without a way out in the middle the compiler makes vector instructions of it.
    let any = pairs().fold(0, |any, (octet, next)| any | is_change(*octet, *next)) != 0;
    if any { pairs().position(|(octet, next)| is_change(*octet, *next) != 0) } else { None }
}

fn is_change(octet: u8, next: u8) -> u8 {
    let before_space = u8::from(next == b' ') | u8::from(next == b'\t') | u8::from(next == b'\r');
    u8::from(octet == b'\t') | (u8::from(octet == b' ') & before_space)
}

fn is_space(octet: u8) -> bool {
    matches!(octet, b' ' | b'\t')
}
