//! DKIM (RFC 6376, D-04): the key in DNS is the one that signs; and somebody signs at all (M-07).

use std::collections::BTreeSet;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::db::DbConnection;
use crate::domain::campaign::preflight::tags::Tags;
use crate::domain::campaign::preflight::{Facts, Finding, texts};
use crate::domain::catalog::dkim_key::{self, DkimKey};
use crate::error::Result;
use crate::mail::dkim::Algorithm;
use crate::mail::dns::{Answers, Question};

/// A key that signs a brand's letters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SigningKey {
    /// The domain of its signature.
    pub domain: String,
    /// Its name there.
    pub selector: String,
    /// `rsa` or `ed25519`, as its record says.
    pub kind: &'static str,
    /// The public key as its record has it, before base64.
    pub public_key: Vec<u8>,
}

impl SigningKey {
    fn name(&self) -> String {
        format!("{}._domainkey.{}", self.selector, self.domain)
    }
}

pub(super) fn questions(facts: &Facts, questions: &mut BTreeSet<Question>) {
    questions.extend(facts.keys.iter().map(|key| Question::Txt(key.name())));
}

pub(super) fn check(facts: &Facts, findings: &mut Vec<Finding>) {
    if facts.keys.is_empty() && !facts.relay_signs {
        let detail = format!(
            "Nobody signs with DKIM for {}, so letters go without the one-click header, and large providers sort \
             them out. Make a key with `mannerly dkim create`, or say --relay-signs if your relay signs",
            facts.sender_domain()
        );
        findings.push(Finding::warning("dkim_unsigned", "M-07", detail));
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
}

fn published(record: &Tags, key: &SigningKey) -> Option<Published> {
    let encoded: String = record.get("p")?.split_ascii_whitespace().collect();
    if encoded.is_empty() {
        return Some(Published::Revoked);
    }
    let same_kind = record.get("k").unwrap_or("rsa").eq_ignore_ascii_case(key.kind);
    let bytes = STANDARD.decode(encoded).unwrap_or_default();
    Some(if same_kind && is_same(&bytes, &key.public_key) { Published::Same } else { Published::Other })
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
    for key in &facts.keys {
        let name = key.name();
        let Some(found) = texts(answers, &name) else { continue };
        let known: Vec<Published> =
            found.iter().filter_map(|record| published(&Tags::of(record), key)).collect();
        let (code, detail) = if known.contains(&Published::Same) {
            continue;
        } else if known.contains(&Published::Revoked) {
            let detail = format!(
                "DNS says at {name} that this DKIM key is revoked (its p= is empty), so its signatures fail. Publish \
                 the key again, or retire it here"
            );
            ("dkim_revoked", detail)
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
        findings.push(Finding::blocking(code, "D-04", detail));
    }
}

/// The keys that sign the mail of a domain: its own, or else those of the nearest domain above it.
///
/// # Errors
/// Of the database.
pub fn signing_keys(conn: &mut DbConnection, domain: &str) -> Result<Vec<SigningKey>> {
    let key = |key: DkimKey| SigningKey {
        domain: key.domain,
        selector: key.selector,
        kind: match key.algorithm {
            Algorithm::RsaSha256 => "rsa",
            Algorithm::Ed25519Sha256 => "ed25519",
        },
        public_key: key.public_key,
    };
    Ok(dkim_key::signing_for(conn, domain)?.into_iter().map(key).collect())
}
