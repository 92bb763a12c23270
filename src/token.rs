//! The signed links: what a token carries, which purpose it is good for, and the keys behind it.
//!
//! Each purpose has a key of its own, so a token of one purpose cannot be read as another (SEC-03). A token is
//! a key number and an AES-256-GCM-SIV seal (RFC 8452) over row numbers: nothing personal, and 128 bits of
//! authentication. The seal is deterministic: the same link always has the same token.

mod link;
mod signature;
mod vault;

use std::sync::{Arc, LazyLock};

use aes_gcm_siv::aead::{Aead, KeyInit};
use aes_gcm_siv::{Aes256GcmSiv, Nonce};
use aws_lc_rs::signature::Ed25519KeyPair;
use data_encoding::{BASE64URL_NOPAD, Encoding, Specification};
use hmac::{Hmac, Mac};
use sha2::Sha256;

use crate::error::Problem;

pub use link::{
    AddressChangeLink, ChallengeLink, ClickLink, ConfirmLink, DataRequestLink, LetterLink, Link, MessageLink,
    OpenLink, PreferencesLink, Purpose, ReceiptLink, ReportLink, UnsubscribeLink, ViewLink,
};
pub use signature::{JsonWebKey, Signed};

/// No token is longer; anything longer is refused before it is decoded. In characters.
pub const TOKEN_LENGTH_MAX: usize = 128;

/// Base32 (RFC 4648, section 6) in lower case, without padding.
static MAIL: LazyLock<Encoding> = LazyLock::new(|| {
    let mut form = Specification::new();
    form.symbols.push_str("abcdefghijklmnopqrstuvwxyz234567");
    #[expect(
        clippy::expect_used,
        reason = "32 different symbols make an encoding; every test of a token tries it"
    )]
    form.encoding().expect("base32")
});

/// The server's keys, derived from its secrets; the first secret seals, all of them open. Cheap to clone.
#[derive(Clone)]
pub struct Keys {
    rings: Arc<[KeyRing]>,
    pepper: [u8; 32],
}

struct KeyRing {
    number: u8,
    ciphers: Vec<(Purpose, Aes256GcmSiv)>,
    vault: Aes256GcmSiv,
    receipts: Arc<Ed25519KeyPair>,
}

impl Keys {
    /// The keys of these secrets, separated by commas: the newest first, the oldest last.
    ///
    /// The oldest also keys the hashes of suppressed addresses, so it can never be taken away; new ones are put
    /// in front of it.
    ///
    /// # Errors
    /// If there is none, or one has fewer than 32 characters, or two share their key number.
    pub fn from_secrets(secrets: &str) -> Result<Self, Problem> {
        let secrets: Vec<&str> = secrets.split(',').map(str::trim).collect();
        let Some(oldest) = secrets.last().filter(|_| secrets.iter().all(|s| s.len() >= 32)) else {
            return Err(Problem::new(
                "secret",
                "Each secret needs at least 32 characters; make one with: openssl rand -base64 32",
            ));
        };
        let rings: Vec<KeyRing> = secrets.iter().map(|secret| KeyRing::new(secret)).collect();
        let mut numbers: Vec<u8> = rings.iter().map(|ring| ring.number).collect();
        numbers.sort_unstable();
        numbers.dedup();
        if numbers.len() != rings.len() {
            return Err(Problem::new(
                "secret",
                "Two of the secrets cannot be told apart; make another new one",
            ));
        }
        Ok(Self { pepper: derive(oldest, "address-hash"), rings: rings.into() })
    }

    /// The token of a link, for a URL.
    pub fn seal<L: Link>(&self, link: &L) -> String {
        BASE64URL_NOPAD.encode(&self.sealed(link))
    }

    /// What a token stands for; nothing if it is not ours, was altered, or belongs to another purpose.
    pub fn open<L: Link>(&self, token: &str) -> Option<L> {
        if token.len() > TOKEN_LENGTH_MAX {
            return None;
        }
        self.opened(&BASE64URL_NOPAD.decode(token.as_bytes()).ok()?)
    }

    /// The token of a link, for the local part of an address or a Message-ID: lower case and digits only, because
    /// mail systems on the way may change case. At most 61 characters for three row numbers below 2^48, so that the
    /// local part has room for them and two more (RFC 5321, section 4.5.3.1.1: 64).
    pub fn seal_for_mail<L: Link>(&self, link: &L) -> String {
        MAIL.encode(&self.sealed(link))
    }

    /// What a token of [`seal_for_mail`](Self::seal_for_mail) stands for, in whatever case it comes back.
    pub fn open_from_mail<L: Link>(&self, token: &str) -> Option<L> {
        if token.len() > TOKEN_LENGTH_MAX {
            return None;
        }
        self.opened(&MAIL.decode(token.to_ascii_lowercase().as_bytes()).ok()?)
    }

    fn sealed<L: Link>(&self, link: &L) -> Vec<u8> {
        // `from_secrets` refuses an empty list, so there is a first ring.
        let ring = &self.rings[0];
        let plain = pack(&link.numbers());
        let mut token = vec![ring.number];
        // Sealing fails only for more than 64 GiB (RFC 8452, section 6); a link has at most 27 octets.
        token
            .extend(ring.cipher(L::PURPOSE).encrypt(&Nonce::default(), plain.as_slice()).unwrap_or_default());
        token
    }

    fn opened<L: Link>(&self, token: &[u8]) -> Option<L> {
        let (number, sealed) = token.split_first()?;
        let ring = self.rings.iter().find(|ring| ring.number == *number)?;
        let plain = ring.cipher(L::PURPOSE).decrypt(&Nonce::default(), sealed).ok()?;
        L::from_numbers(&unpack(&plain)?)
    }

    /// The keyed hash under which a suppressed address is remembered (L-34). `kind` keeps an email address and a
    /// phone number apart.
    pub fn address_hash(&self, kind: &str, address: &str) -> Vec<u8> {
        self.keyed_hash(kind, address.as_bytes())
    }

    /// The keyed hash of anything that is only to be known again. `kind` keeps what is of different kinds apart.
    pub fn keyed_hash(&self, kind: &str, octets: &[u8]) -> Vec<u8> {
        mac(&self.pepper, &[kind.as_bytes(), b":", octets]).to_vec()
    }

    /// A fingerprint of the oldest secret: tells whether a database belongs to these keys, and nothing else.
    pub fn fingerprint(&self) -> Vec<u8> {
        mac(&self.pepper, &[b"fingerprint"]).to_vec()
    }
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Keys(hidden)")
    }
}

impl KeyRing {
    fn new(secret: &str) -> Self {
        let ciphers = Purpose::ALL
            .iter()
            .map(|purpose| (*purpose, Aes256GcmSiv::new(&derive(secret, purpose.label()).into())))
            .collect();
        let vault = Aes256GcmSiv::new(&derive(secret, "private-key").into());
        #[expect(clippy::expect_used, reason = "every 32 octets are a private key (RFC 8032, section 5.1.5)")]
        let receipts = Ed25519KeyPair::from_seed_unchecked(&derive(secret, "receipt")).expect("32 octets");
        Self { number: derive(secret, "key-number")[0], ciphers, vault, receipts: Arc::new(receipts) }
    }

    fn cipher(&self, purpose: Purpose) -> &Aes256GcmSiv {
        // In the order of `Purpose::ALL`, which is the order of the declaration.
        &self.ciphers[purpose as usize].1
    }
}

/// One key per label: HMAC-SHA-256 of the label under the secret, as the expansion of RFC 5869 with one block.
fn derive(secret: &str, label: &str) -> [u8; 32] {
    mac(secret.as_bytes(), &[b"mannerly/", label.as_bytes(), &[1]])
}

fn mac(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    #[expect(clippy::expect_used, reason = "HMAC takes keys of every length (RFC 2104, section 3)")]
    let mut mac = <Hmac<Sha256> as hmac::KeyInit>::new_from_slice(key).expect("any key length");
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

/// Numbers as a length and that many little-endian octets each: a link of small numbers has a short token.
fn pack(numbers: &[i64]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(numbers.len() * 5);
    for number in numbers {
        let octets = number.to_le_bytes();
        let length = 8 - number.unsigned_abs().leading_zeros() as usize / 8;
        let length = if *number < 0 { 8 } else { length };
        bytes.push(length as u8);
        bytes.extend_from_slice(&octets[..length]);
    }
    bytes
}

fn unpack(mut bytes: &[u8]) -> Option<Vec<i64>> {
    let mut numbers = Vec::new();
    while let Some((length, rest)) = bytes.split_first() {
        let (octets, rest) = rest.split_at_checked(usize::from(*length))?;
        let mut number = [0; 8];
        number.get_mut(..octets.len())?.copy_from_slice(octets);
        numbers.push(i64::from_le_bytes(number));
        bytes = rest;
    }
    Some(numbers)
}

#[cfg(test)]
mod tests;
