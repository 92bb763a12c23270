//! DKIM (RFC 6376, D-04): the key in DNS is the one that signs; and somebody signs at all (M-07).

use std::collections::BTreeSet;

use data_encoding::BASE64;

use crate::db::DbConnection;
use crate::domain::campaign::preflight::tags::Tags;
use crate::domain::campaign::preflight::{Facts, Finding, texts};
use crate::domain::catalog::dkim_key::{self, DkimKey};
use crate::error::{Error, Result};
use crate::mail::dkim::{self, Algorithm};
use crate::mail::dns::{Answers, Question};

/// The public part of a key that signs a brand's letters, or would.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublishedKey {
    /// The domain of its signature.
    pub domain: String,
    /// Its name there.
    pub selector: String,
    /// What it signs with.
    pub algorithm: Algorithm,
    /// The public key as its record has it, before base64.
    pub public_key: Vec<u8>,
}

impl PublishedKey {
    /// What a record has to say of a key.
    pub fn of(key: DkimKey) -> Self {
        Self {
            domain: key.domain,
            selector: key.selector,
            algorithm: key.algorithm,
            public_key: key.public_key,
        }
    }

    fn name(&self) -> String {
        dkim::record_name(&self.domain, &self.selector)
    }
}

pub(super) fn questions(facts: &Facts, questions: &mut BTreeSet<Question>) {
    questions.extend(facts.keys.iter().map(|key| Question::Txt(key.name())));
}

pub(super) fn check(facts: &Facts, findings: &mut Vec<Finding>) {
    if !facts.keys.is_empty() || facts.relay_signs {
        return;
    }
    if let Some(key) = facts.waiting.first() {
        let detail = format!(
            "Nobody signs with DKIM for {}, and a key waits: publish its record ({}) and run `mannerly dkim use {} {}`",
            facts.sender_domain(),
            key.name(),
            key.domain,
            dkim_key::pair_of(&key.selector, key.algorithm),
        );
        findings.push(Finding::warning("dkim_waiting", "RFC 9989", detail));
    } else {
        let detail = format!(
            "Nobody signs with DKIM for {}, so letters go without the one-click header, and large providers sort \
             them out. Make a key with `mannerly dkim create`, or say --relay-signs if your relay signs",
            facts.sender_domain()
        );
        findings.push(Finding::warning("dkim_unsigned", "RFC 8058", detail));
    }
}

/// What a selector's record says of a key.
#[derive(Debug, PartialEq, Eq)]
enum Published {
    /// This key.
    Same,
    /// Another one, or one that cannot be read.
    Other,
    /// That it is revoked.
    Revoked,
    /// This key, and that it is not for mail like ours.
    Unusable,
}

fn published(record: &Tags, key: &PublishedKey) -> Option<Published> {
    let encoded: String = record.get("p")?.split_ascii_whitespace().collect();
    if encoded.is_empty() {
        return Some(Published::Revoked);
    }
    let same_kind = record.get("k").unwrap_or("rsa").eq_ignore_ascii_case(key.algorithm.key_type());
    let bytes = BASE64.decode(encoded.as_bytes()).unwrap_or_default();
    Some(match same_kind && is_same(&bytes, &key.public_key) {
        true if is_for_us(record) => Published::Same,
        true => Published::Unusable,
        false => Published::Other,
    })
}

/// RFC 6376, section 3.6.1: `v=`, where it is there, comes first and is DKIM1; `h=` has our hash; `s=` our kind of
/// service.
fn is_for_us(record: &Tags) -> bool {
    let allows = |name: &str, ours: &[&str]| {
        record.word(name).is_none_or(|list| list.split(':').any(|word| ours.contains(&word.trim())))
    };
    (record.get("v").is_none() || record.begin_with("v", "DKIM1"))
        && allows("h", &["sha256"])
        && allows("s", &["*", "email"])
}

/// An RSA key may stand there with or without the frame that names its algorithm (RFC 6376, section 3.6.1, and errata
/// 3017): 24 octets before a key of 2048 bits.
fn is_same(published: &[u8], ours: &[u8]) -> bool {
    let framed = |long: &[u8], short: &[u8]| {
        short.len() > 64
            && long.len() > short.len()
            && long.len() - short.len() <= 24
            && long.ends_with(short)
    };
    published == ours || framed(published, ours) || framed(ours, published)
}

pub(super) fn check_dns(facts: &Facts, answers: &Answers, findings: &mut Vec<Finding>) {
    findings.extend(facts.keys.iter().filter_map(|key| check_record(key, answers)));
}

/// What is wrong with the record of a key; nothing if it is right, or nobody answered.
fn check_record(key: &PublishedKey, answers: &Answers) -> Option<Finding> {
    let name = key.name();
    let found = texts(answers, &name)?;
    let known: Vec<Published> = found.iter().filter_map(|record| published(&Tags::of(record), key)).collect();
    let (code, detail) = if known.contains(&Published::Same) {
        return None;
    } else if known.contains(&Published::Revoked) {
        let detail = format!(
            "DNS says at {name} that this DKIM key is revoked (its p= is empty), so its signatures fail. Publish \
             the key again, or retire it here"
        );
        ("dkim_revoked", detail)
    } else if known.contains(&Published::Unusable) {
        let detail = format!(
            "The DKIM record at {name} has this key and says with v=, h= or s= that it is not for mail signed with \
             SHA-256, so signatures fail. Replace it by the one that `mannerly dkim records` prints"
        );
        ("dkim_unusable", detail)
    } else if known.is_empty() {
        let detail = format!(
            "There is no DKIM key in DNS at {name}, so signatures fail. Add the TXT record that `mannerly dkim` \
             prints"
        );
        ("dkim_missing", detail)
    } else {
        let detail = format!(
            "DNS has another DKIM key at {name} than the one that signs, so signatures fail. Replace the TXT \
             record by the one that `mannerly dkim` prints"
        );
        ("dkim_other_key", detail)
    };
    Some(Finding::blocking(code, "RFC 9989", detail))
}

/// What DNS has to be asked before these keys may sign.
pub fn records_of(keys: &[PublishedKey]) -> BTreeSet<Question> {
    keys.iter().map(|key| Question::Txt(key.name())).collect()
}

/// Sees that DNS has the record of each of these keys, so that what they sign can be checked.
///
/// # Errors
/// [`Error::Conflict`] with the first that is missing, wrong or not answered.
pub fn check_published(keys: &[PublishedKey], answers: &Answers) -> Result<()> {
    for key in keys {
        let name = key.name();
        if texts(answers, &name).is_none() {
            return Err(Error::conflict(format!("DNS gave no answer about {name}; try again in a moment")));
        }
        if let Some(Finding { detail, .. }) = check_record(key, answers) {
            return Err(Error::conflict(detail));
        }
    }
    Ok(())
}

/// The keys that sign the mail of a domain: its own, or else those of the nearest domain above it.
///
/// # Errors
/// Of the database.
pub fn signing_keys(conn: &mut DbConnection, domain: &str) -> Result<Vec<PublishedKey>> {
    Ok(dkim_key::signing_for(conn, domain)?.into_iter().map(PublishedKey::of).collect())
}

/// The keys that would sign the mail of a domain and still wait.
///
/// # Errors
/// Of the database.
pub fn waiting_keys(conn: &mut DbConnection, domain: &str) -> Result<Vec<PublishedKey>> {
    Ok(dkim_key::waiting_for(conn, domain)?.into_iter().map(PublishedKey::of).collect())
}
