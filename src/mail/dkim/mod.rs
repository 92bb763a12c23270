//! DKIM: signs a finished letter with every key of a domain (RFC 6376, 8301, 8463; D-01 to D-03), and verifies the
//! signatures of reports that come in.
//!
//! No crate signed: lettre's signer and its `rsa` need many times as long, mail-auth signs with one
//! key after the other, and others came with a slower crypto library or hash each body once per key.

mod canon;
mod key;
mod verify;

use std::sync::Arc;

use data_encoding::BASE64;

pub use key::{Algorithm, NewKey, SigningKey, record_name, record_text, zone_record};
pub use verify::{Doubt, Proof, verify};

use crate::clock::Moment;
use crate::error::{Error, Result};
use canon::Field;

/// The fields that are signed one time more than they are there: whoever adds another one breaks the signature
/// (RFC 6376, sections 5.4 and 8.15; D-02).
pub const OVERSIGNED: [&str; 16] = [
    "From",
    "To",
    "Cc",
    "Subject",
    "Date",
    "Reply-To",
    "Message-ID",
    "MIME-Version",
    "Content-Type",
    "Content-Transfer-Encoding",
    "List-Unsubscribe",
    "List-Unsubscribe-Post",
    "List-Id",
    "Feedback-ID",
    "CFBL-Address",
    "CFBL-Feedback-ID",
];

/// The fields that are signed as they are; a list on the way may add its own.
const SIGNED: [&str; 3] = ["Auto-Submitted", "List-Post", "List-Help"];

/// The longest line of a signature, in octets (RFC 5322, section 2.1.1). Only a longer domain or selector is longer.
const LINE_MAX: usize = 78;

/// Signs letters of one domain. Cheap to clone; any number of threads can sign at once.
#[derive(Debug, Clone)]
pub struct Signer(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    domain: String,
    keys: Vec<SigningKey>,
}

impl Signer {
    /// A signer with these keys: each letter gets a signature of every one.
    pub fn new(domain: &str, keys: Vec<SigningKey>) -> Self {
        Self(Arc::new(Inner { domain: domain.to_owned(), keys }))
    }

    /// The domain that takes responsibility: the `d=` of the signatures.
    pub fn domain(&self) -> &str {
        &self.0.domain
    }

    /// The letter with its signatures in front. `message` has CRLF at the end of each line.
    ///
    /// # Errors
    /// [`Error::Internal`] for a letter without a `From` or without an empty line behind its header.
    pub fn sign(&self, message: &[u8], now: Moment) -> Result<Vec<u8>> {
        let (fields, body) =
            canon::split(message).ok_or_else(|| Error::internal("a letter without a header to sign"))?;
        if !fields.iter().any(|field| field.is("From")) {
            return Err(Error::internal("a letter without From cannot be signed"));
        }
        let names = signed_names(&fields);
        let mut data = Vec::with_capacity(4096);
        push_signed(&fields, &mut data);
        let common = Common {
            domain: &self.0.domain,
            names: &names,
            body_hash: BASE64.encode(canon::body_hash(body).as_ref()),
            seconds: now.as_micros().div_euclid(1_000_000),
        };
        let fields_end = data.len();
        let mut signed = Vec::with_capacity(message.len() + 1536 * self.0.keys.len());
        for key in &self.0.keys {
            let mut field = common.field(key);
            data.truncate(fields_end);
            canon::push_field(NAME.as_bytes(), &field.text.as_bytes()[NAME.len() + 1..], &mut data);
            field.push_broken(&BASE64.encode(&key.sign(&data)?));
            signed.extend_from_slice(field.text.as_bytes());
            signed.extend_from_slice(b"\r\n");
        }
        signed.extend_from_slice(message);
        Ok(signed)
    }
}

const NAME: &str = "DKIM-Signature";

/// What all signatures of a letter have in common.
struct Common<'a> {
    domain: &'a str,
    names: &'a [&'static str],
    body_hash: String,
    seconds: i64,
}

impl Common<'_> {
    /// The signature field of a key with an empty `b=`, which is what is signed of it.
    fn field(&self, key: &SigningKey) -> Folded {
        let mut field = Folded { text: String::with_capacity(1536), column: 0 };
        field.push(&format!("{NAME}: v=1;"));
        field.push(&format!(" a={};", key.algorithm().as_str()));
        field.push(" c=relaxed/relaxed;");
        field.push(&format!(" t={};", self.seconds));
        field.push(&format!(" d={};", self.domain));
        field.push(&format!(" s={};", key.selector));
        for (place, name) in self.names.iter().enumerate() {
            field.push(if place == 0 { " h=" } else { ":" });
            field.push(name);
        }
        field.push(";");
        field.push(&format!(" bh={};", self.body_hash));
        field.push(" b=");
        field
    }
}

/// A header field that is folded before what would make a line too long.
struct Folded {
    text: String,
    column: usize,
}

impl Folded {
    /// Adds what must not be broken. Its space in front, if it has one, becomes the fold.
    fn push(&mut self, part: &str) {
        if self.column + part.len() > LINE_MAX {
            self.text.push_str("\r\n ");
            self.column = 1;
            return self.put(part.trim_start());
        }
        self.put(part);
    }

    /// Adds what may be broken anywhere.
    fn push_broken(&mut self, mut part: &str) {
        while !part.is_empty() {
            if self.column >= LINE_MAX {
                self.text.push_str("\r\n ");
                self.column = 1;
            }
            let (now, later) = part.split_at(part.len().min(LINE_MAX - self.column));
            self.put(now);
            part = later;
        }
    }

    fn put(&mut self, part: &str) {
        self.text.push_str(part);
        self.column += part.len();
    }
}

/// The names of `h=`, in the order of [`push_signed`].
fn signed_names(fields: &[Field<'_>]) -> Vec<&'static str> {
    let count = |name: &str| fields.iter().filter(|field| field.is(name)).count();
    let over = OVERSIGNED.iter().flat_map(|name| std::iter::repeat_n(*name, count(name) + 1));
    over.chain(SIGNED.iter().flat_map(|name| std::iter::repeat_n(*name, count(name)))).collect()
}

/// The canonical fields that are signed: of each name the lowest first (RFC 6376, section 5.4.2). A name that is
/// listed more often than it is there adds nothing.
fn push_signed(fields: &[Field<'_>], data: &mut Vec<u8>) {
    for name in OVERSIGNED.iter().chain(&SIGNED) {
        for field in fields.iter().rev().filter(|field| field.is(name)) {
            canon::push_field(field.name, field.value, data);
            data.extend_from_slice(b"\r\n");
        }
    }
}

#[cfg(test)]
mod tests;
