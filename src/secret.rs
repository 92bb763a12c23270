//! Secrets that people carry around: made here, stored only as a hash, hidden from `Debug`.

use std::fmt;

use data_encoding::{BASE64URL_NOPAD, HEXLOWER};
use sha2::{Digest, Sha256};

use crate::error::{Error, Result};

/// A secret in clear: shown once to the person who made it, then forgotten.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// A fresh secret of 256 random bits behind a prefix that tells people and scanners what it is.
    ///
    /// # Errors
    /// If the system has no randomness to give.
    pub fn generate(prefix: &str) -> Result<Self> {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes).map_err(Error::internal)?;
        Ok(Self(format!("{prefix}{}", BASE64URL_NOPAD.encode(&bytes))))
    }

    /// A secret that came in from outside.
    pub fn from_text(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The secret itself: for the one who made it, or for a comparison.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// What is stored. A plain SHA-256 is enough for 256 random bits: there is nothing to guess.
    pub fn hash(&self) -> Vec<u8> {
        sha256(self.0.as_bytes())
    }
}

/// A number that nobody can guess and no two callers are given: 64 random bits.
///
/// # Errors
/// If the system has no randomness to give.
pub fn random_number() -> Result<i64> {
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes).map_err(Error::internal)?;
    Ok(i64::from_le_bytes(bytes))
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(hidden)")
    }
}

/// SHA-256 (FIPS 180-4) of these bytes: 32 octets.
pub fn sha256(bytes: &[u8]) -> Vec<u8> {
    Sha256::digest(bytes).to_vec()
}

/// Bytes as lower-case hexadecimal, as hashes are shown to people.
pub fn hex(bytes: &[u8]) -> String {
    HEXLOWER.encode(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_secrets_differ_and_debug_shows_neither() {
        let (one, other) = (Secret::generate("mk_").unwrap(), Secret::generate("mk_").unwrap());
        assert_ne!(one, other);
        assert_ne!(one.hash(), other.hash());
        assert!(one.reveal().len() > 40);
        assert_eq!(format!("{one:?}"), "Secret(hidden)");
    }

    #[test]
    fn hex_is_two_lower_case_digits_an_octet() {
        assert_eq!(hex(&[0, 171, 255]), "00abff");
    }
}
