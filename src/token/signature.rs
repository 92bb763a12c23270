//! Signatures that anybody can check: receipts are signed with Ed25519 as JSON Web Signatures (RFC 7515, RFC 8037).
//!
//! Each secret has a key of its own, derived like the others: the newest signs, and the public parts of all are
//! published, so that a receipt verifies for as long as its secret is kept.

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use data_encoding::BASE64URL_NOPAD;
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::Keys;

/// The public part of a key (RFC 7517; RFC 8037, section 2).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct JsonWebKey {
    /// The type: `OKP`.
    kty: &'static str,
    /// The curve: `Ed25519`.
    crv: &'static str,
    /// The 32 octets of the public key in base64url.
    x: String,
    /// What signatures name it by: its thumbprint (RFC 7638).
    kid: String,
    /// What it is for: `sig`.
    #[serde(rename = "use")]
    usage: &'static str,
    /// With what: `EdDSA`.
    alg: &'static str,
}

/// The parts of a signature in the flattened form of JSON (RFC 7515, section 7.2.2).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Signed {
    /// What is signed, in base64url.
    pub payload: String,
    /// With what and by which key, in base64url.
    pub protected: String,
    /// The signature, in base64url.
    pub signature: String,
}

impl Keys {
    /// Signs `payload` with the newest secret's key.
    pub fn sign(&self, payload: &[u8]) -> Signed {
        // `from_secrets` refuses an empty list, so there is a first ring.
        let key = &self.rings[0].receipts;
        let header = format!(r#"{{"alg":"EdDSA","kid":"{}"}}"#, public(key).kid);
        let (protected, payload) =
            (BASE64URL_NOPAD.encode(header.as_bytes()), BASE64URL_NOPAD.encode(payload));
        let signature = key.sign(format!("{protected}.{payload}").as_bytes());
        Signed { payload, protected, signature: BASE64URL_NOPAD.encode(signature.as_ref()) }
    }

    /// The public parts of the keys of all secrets, the newest first.
    pub fn verifying_keys(&self) -> Vec<JsonWebKey> {
        self.rings.iter().map(|ring| public(&ring.receipts)).collect()
    }
}

fn public(key: &Ed25519KeyPair) -> JsonWebKey {
    let x = BASE64URL_NOPAD.encode(key.public_key().as_ref());
    let members = format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}"#);
    let kid = BASE64URL_NOPAD.encode(&Sha256::digest(members));
    JsonWebKey { kty: "OKP", crv: "Ed25519", x, kid, usage: "sig", alg: "EdDSA" }
}

#[cfg(test)]
mod tests {
    use ring::signature::{ED25519, UnparsedPublicKey};

    use super::*;

    const OLD: &str = "an old secret of more than 32 characters";
    const NEW: &str = "a newer secret of more than 32 characters";

    fn verifies(signed: &Signed, key: &JsonWebKey) -> bool {
        let text = format!("{}.{}", signed.protected, signed.payload);
        let signature = BASE64URL_NOPAD.decode(signed.signature.as_bytes()).unwrap();
        let key = UnparsedPublicKey::new(&ED25519, BASE64URL_NOPAD.decode(key.x.as_bytes()).unwrap());
        key.verify(text.as_bytes(), &signature).is_ok()
    }

    #[test]
    fn what_was_signed_under_an_old_secret_verifies_after_a_rotation() {
        let signed = Keys::from_secrets(OLD).unwrap().sign(b"{}");
        let rotated = Keys::from_secrets(&format!("{NEW},{OLD}")).unwrap();
        let header = String::from_utf8(BASE64URL_NOPAD.decode(signed.protected.as_bytes()).unwrap()).unwrap();
        let keys = rotated.verifying_keys();
        assert_eq!(keys.iter().map(|key| verifies(&signed, key)).collect::<Vec<_>>(), [false, true]);
        assert!(header.contains(&keys[1].kid), "the signature names its key");
        assert!(verifies(&rotated.sign(b"{}"), &keys[0]));
    }

    #[test]
    fn an_altered_payload_does_not_verify() {
        let keys = Keys::from_secrets(OLD).unwrap();
        let signed = Signed { payload: BASE64URL_NOPAD.encode(b"[]"), ..keys.sign(b"{}") };
        assert!(!verifies(&signed, &keys.verifying_keys()[0]));
    }
}
