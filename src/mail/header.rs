//! Header lines: what both kinds of letters write above their parts.

use std::fmt::Write;

use data_encoding::BASE64;
use lettre::message::header::{From as FromHeader, Header, HeaderName, HeaderValue, Headers};
use lettre::message::{Mailbox, Mailboxes};

use crate::email_address::EmailAddress;
use crate::error::{Error, Result};
use crate::mail::letter::Sender;

/// The longest line that everybody takes without folding it, in octets (RFC 5322, section 2.1.1; RFC 2047, section 2).
const LINE_MAX: usize = 76;

/// A mailbox with its name, if it has one.
pub(super) fn mailbox(name: Option<&str>, address: &EmailAddress) -> Result<Mailbox> {
    // No cause: it may repeat the address.
    let address =
        address.as_str().parse().map_err(|_| Error::invalid("address", "Not an address for mail"))?;
    let name = name.map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned);
    Ok(Mailbox::new(name, address))
}

/// The `From` line.
pub(super) fn from(sender: &Sender) -> Result<String> {
    let mailbox = mailbox(Some(&sender.name), &sender.address)?;
    Ok(line(FromHeader::from(Mailboxes::from(mailbox)).display()))
}

/// Writes the `Subject` line. The subject has no control characters.
pub(super) fn push_subject(out: &mut String, subject: &str) {
    let subject = subject.trim();
    let plain = subject.bytes().all(|octet| octet == b' ' || octet.is_ascii_graphic())
        && !subject.contains("=?")
        && !subject.contains("  ");
    match plain {
        true if "Subject: ".len() + subject.len() <= LINE_MAX => {
            out.push_str("Subject: ");
            out.push_str(subject);
            out.push_str("\r\n");
        }
        true => out.push_str(&line(value("Subject", subject))),
        // What looks like an encoded word is encoded too: it shall be read as it was written.
        false => {
            out.push_str("Subject: ");
            out.push_str(&encoded_words(subject));
            out.push_str("\r\n");
        }
    }
}

/// `"phrase" <id>`: the phrase quoted, or in encoded words, which may not stand inside quotes (M-18).
pub(super) fn list_id(name: &str, id: &str) -> String {
    let phrase = name.trim();
    if phrase.is_empty() {
        return format!("List-Id: <{id}>\r\n");
    }
    if phrase.is_ascii() {
        let quoted = phrase.replace('\\', "\\\\").replace('"', "\\\"");
        return line(value("List-Id", &format!("\"{quoted}\" <{id}>")));
    }
    format!("List-Id: {}\r\n <{id}>\r\n", encoded_words(phrase))
}

/// Writes a line of plain words.
pub(super) fn push(out: &mut String, name: &str, value: std::fmt::Arguments<'_>) {
    // Writing to a string never fails.
    let _ = write!(out, "{name}: {value}\r\n");
}

fn value(name: &'static str, text: &str) -> HeaderValue {
    HeaderValue::new(HeaderName::new_from_ascii_str(name), text.to_owned())
}

fn line(value: HeaderValue) -> String {
    let mut headers = Headers::new();
    headers.insert_raw(value);
    headers.to_string()
}

/// RFC 2047 words of at most 75 octets, one to a line; no character is split.
fn encoded_words(text: &str) -> String {
    let mut words: Vec<String> = Vec::new();
    let mut chunk = String::new();
    for letter in text.chars() {
        // 39 octets make 52 of base64 and, with the frame and `Subject: `, a line of 73.
        if chunk.len() + letter.len_utf8() > 39 {
            words.push(std::mem::take(&mut chunk));
        }
        chunk.push(letter);
    }
    words.push(chunk);
    let encoded: Vec<_> =
        words.iter().map(|word| format!("=?utf-8?b?{}?=", BASE64.encode(word.as_bytes()))).collect();
    encoded.join("\r\n ")
}
