//! The keys that sign: made here, read back from their stored form, and shown as DNS records.

use std::fmt;

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256, RsaKeyPair};
use data_encoding::BASE64;

use crate::error::{Error, Result};

/// The size of RSA keys: the least that verifiers must take and signers should have (RFC 8301, section 3.2),
/// and the most that every provider takes.
const RSA_SIZE: KeySize = KeySize::Rsa2048;

/// The longest string in a TXT record, in octets (RFC 1035, section 3.3).
const TXT_STRING_MAX: usize = 255;

/// How a signature is made: the `a=` of a signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Algorithm {
    /// RSA, PKCS #1 version 1.5, which every verifier knows (RFC 6376).
    RsaSha256,
    /// Ed25519, which newer verifiers know and older ones pass over (RFC 8463).
    Ed25519Sha256,
}

impl Algorithm {
    /// Both, in the order in which a letter is signed with them.
    pub const ALL: [Self; 2] = [Self::RsaSha256, Self::Ed25519Sha256];

    /// Its name in a signature.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::RsaSha256 => "rsa-sha256",
            Self::Ed25519Sha256 => "ed25519-sha256",
        }
    }

    /// The algorithm of this name, if it is one of the two.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|algorithm| algorithm.as_str() == name)
    }

    /// The type of its keys: the `k=` of a DNS record.
    pub const fn key_type(self) -> &'static str {
        match self {
            Self::RsaSha256 => "rsa",
            Self::Ed25519Sha256 => "ed25519",
        }
    }
}

/// A key as it was made, before it is sealed.
#[derive(Clone)]
pub struct NewKey {
    /// What it signs with.
    pub algorithm: Algorithm,
    /// The private key: PKCS #8, DER.
    pub private: Vec<u8>,
    /// What the DNS record has, before base64: SubjectPublicKeyInfo of RSA, the 32 octets of Ed25519.
    pub public: Vec<u8>,
}

impl NewKey {
    /// Makes a key. An RSA key takes part of a second, and now and then more than one.
    ///
    /// # Errors
    /// If the system has no randomness to give.
    pub fn generate(algorithm: Algorithm) -> Result<Self> {
        let (private, public) = match algorithm {
            Algorithm::RsaSha256 => {
                let pair = RsaKeyPair::generate(RSA_SIZE).map_err(Error::internal)?;
                let private: Pkcs8V1Der<'_> = pair.as_der().map_err(Error::internal)?;
                let public: PublicKeyX509Der<'_> = pair.public_key().as_der().map_err(Error::internal)?;
                (private.as_ref().to_vec(), public.as_ref().to_vec())
            }
            Algorithm::Ed25519Sha256 => {
                let private =
                    Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).map_err(Error::internal)?;
                let pair = Ed25519KeyPair::from_pkcs8(private.as_ref()).map_err(Error::internal)?;
                (private.as_ref().to_vec(), pair.public_key().as_ref().to_vec())
            }
        };
        Ok(Self { algorithm, private, public })
    }
}

impl fmt::Debug for NewKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewKey").field("algorithm", &self.algorithm).finish_non_exhaustive()
    }
}

/// A private key, ready to sign.
pub struct SigningKey {
    pub(super) selector: String,
    pair: Pair,
}

enum Pair {
    Rsa(RsaKeyPair),
    Ed25519(Ed25519KeyPair),
}

impl SigningKey {
    /// Reads a private key from PKCS #8.
    ///
    /// # Errors
    /// [`Error::Internal`] if it is none of this algorithm.
    pub fn read(algorithm: Algorithm, selector: &str, private: &[u8]) -> Result<Self> {
        let pair = match algorithm {
            Algorithm::RsaSha256 => RsaKeyPair::from_pkcs8(private).map(Pair::Rsa),
            // Other programs leave the public key out, which is the form that RFC 8410 has in its first version.
            Algorithm::Ed25519Sha256 => {
                Ed25519KeyPair::from_pkcs8_maybe_unchecked(private).map(Pair::Ed25519)
            }
        };
        let pair = pair.map_err(|why| Error::internal(format!("a DKIM key cannot be read: {why}")))?;
        Ok(Self { selector: selector.to_owned(), pair })
    }

    /// What it signs with.
    pub fn algorithm(&self) -> Algorithm {
        match self.pair {
            Pair::Rsa(_) => Algorithm::RsaSha256,
            Pair::Ed25519(_) => Algorithm::Ed25519Sha256,
        }
    }

    /// The signature of canonical header fields. Both algorithms sign their SHA-256 (RFC 8463, section 3).
    pub(super) fn sign(&self, data: &[u8]) -> Result<Vec<u8>> {
        match &self.pair {
            Pair::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), data, &mut signature)
                    .map_err(|_| Error::internal("an RSA signature could not be made"))?;
                Ok(signature)
            }
            Pair::Ed25519(pair) => {
                let hash = digest(&SHA256, data);
                Ok(pair.sign(hash.as_ref()).as_ref().to_vec())
            }
        }
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey").field("selector", &self.selector).finish_non_exhaustive()
    }
}

/// Where verifiers look for a key (RFC 6376, section 3.6.2.1).
pub fn record_name(domain: &str, selector: &str) -> String {
    format!("{selector}._domainkey.{domain}")
}

/// What they should find there: the text of the TXT record (RFC 6376, section 3.6.1; RFC 8463, section 4).
pub fn record_text(algorithm: Algorithm, public: &[u8]) -> String {
    format!("v=DKIM1; k={}; p={}", algorithm.key_type(), BASE64.encode(public))
}

/// A TXT record as a zone file has it (RFC 1035, section 5.1), its text cut into strings of at most 255 octets.
/// `text` has neither quotes nor backslashes.
pub fn zone_record(name: &str, text: &str) -> String {
    let strings: Vec<String> = text
        .as_bytes()
        .chunks(TXT_STRING_MAX)
        .map(|part| format!("    \"{}\"", String::from_utf8_lossy(part)))
        .collect();
    format!("{name}. IN TXT (\n{} )", strings.join("\n"))
}
