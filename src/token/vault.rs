//! Private keys at rest: sealed with a key of their own, derived from the server's secret, and bound to their place.

use aes_gcm_siv::Nonce;
use aes_gcm_siv::aead::{Aead, Payload};

use super::Keys;
use crate::error::{Error, Result};

/// The length of a nonce, in octets (RFC 8452, section 6).
const NONCE: usize = 12;

impl Keys {
    /// Seals what must not be read from the database: the number of the key, a random nonce, AES-256-GCM-SIV.
    /// It opens only at the same `place`, so nobody can exchange two rows.
    ///
    /// # Errors
    /// If the system has no randomness to give.
    pub fn seal_private(&self, place: &str, private: &[u8]) -> Result<Vec<u8>> {
        // `from_secrets` refuses an empty list, so there is a first ring.
        let ring = &self.rings[0];
        let mut nonce = [0; NONCE];
        getrandom::fill(&mut nonce).map_err(Error::internal)?;
        let payload = Payload { msg: private, aad: place.as_bytes() };
        let sealed = ring.vault.encrypt(&Nonce::from(nonce), payload).map_err(Error::internal)?;
        Ok([&[ring.number][..], &nonce, &sealed].concat())
    }

    /// Opens what [`seal_private`](Self::seal_private) sealed under one of the secrets; nothing if it was under
    /// another, at another place, or was altered.
    pub fn open_private(&self, place: &str, sealed: &[u8]) -> Option<Vec<u8>> {
        let (number, rest) = sealed.split_first()?;
        let (nonce, sealed) = rest.split_first_chunk::<NONCE>()?;
        let ring = self.rings.iter().find(|ring| ring.number == *number)?;
        let payload = Payload { msg: sealed, aad: place.as_bytes() };
        ring.vault.decrypt(&Nonce::from(*nonce), payload).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OLD: &str = "an old secret of more than 32 characters";
    const NEW: &str = "a newer secret of more than 32 characters";

    #[test]
    fn a_private_key_opens_after_a_rotation_and_never_with_a_foreign_secret() {
        let sealed = Keys::from_secrets(OLD).unwrap().seal_private("here", b"private").unwrap();
        let rotated = Keys::from_secrets(&format!("{NEW},{OLD}")).unwrap();
        assert_eq!(rotated.open_private("here", &sealed).unwrap(), b"private");
        assert_eq!(Keys::from_secrets(NEW).unwrap().open_private("here", &sealed), None);
    }

    #[test]
    fn a_private_key_opens_only_at_its_place_and_unaltered() {
        let keys = Keys::from_secrets(OLD).unwrap();
        let sealed = keys.seal_private("here", b"private").unwrap();
        assert_eq!(keys.open_private("there", &sealed), None);
        for at in 0..sealed.len() {
            let mut altered = sealed.clone();
            altered[at] ^= 1;
            assert_eq!(keys.open_private("here", &altered), None, "{at}");
        }
        for length in 0..sealed.len() {
            assert_eq!(keys.open_private("here", &sealed[..length]), None, "{length}");
        }
    }

    #[test]
    fn the_same_key_is_never_sealed_to_the_same_octets() {
        let keys = Keys::from_secrets(OLD).unwrap();
        let sealed = [(); 2].map(|()| keys.seal_private("here", b"private").unwrap());
        assert_ne!(sealed[0], sealed[1]);
        assert!(!sealed[0].windows(7).any(|octets| octets == b"private"));
    }
}
