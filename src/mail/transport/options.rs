//! What a way out needs to know besides its URL, read and checked before anything is connected to.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use crate::error::Problem;

/// What a transport needs to know besides its URL.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// The name with which we greet a server.
    pub hello: Hello,
    /// Certificate authorities to trust besides the system's.
    pub authorities: Authorities,
    /// How long each step may take.
    pub timeouts: Timeouts,
}

/// The name with which we greet a server (RFC 5321, section 4.1.1.1): this host's, or an address literal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hello(String);

impl Hello {
    /// Reads a name such as `mail.example.com`.
    ///
    /// # Errors
    /// If it has other letters than a host's name or an address literal.
    pub fn parse(text: &str) -> Result<Self, Problem> {
        let allowed =
            |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '.' | '[' | ']' | ':');
        if text.is_empty() || !text.chars().all(allowed) {
            return Err(Problem::new("hello", "Greet servers with a host name, like mail.example.com"));
        }
        Ok(Self(text.to_owned()))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for Hello {
    fn default() -> Self {
        Self(String::from("localhost"))
    }
}

/// Certificate authorities of the operator's own; cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Authorities(Arc<[CertificateDer<'static>]>);

impl Authorities {
    /// Reads a PEM file.
    ///
    /// # Errors
    /// If it cannot be read, or one of its certificates is none of an authority.
    pub fn read(path: &Path) -> Result<Self, Problem> {
        let unreadable = |_| {
            Problem::new("mail-ca", "The file of certificate authorities cannot be read as PEM certificates")
        };
        let certificates: Vec<_> =
            CertificateDer::pem_file_iter(path).and_then(Iterator::collect).map_err(unreadable)?;
        if certificates.is_empty() {
            return Err(Problem::new(
                "mail-ca",
                "The file of certificate authorities has no PEM certificate",
            ));
        }
        let read = Self(certificates.into());
        read.add_to(&mut RootCertStore::empty()).map_err(|_| {
            Problem::new("mail-ca", "A certificate of the file cannot be used as a certificate authority")
        })?;
        Ok(read)
    }

    /// Trusts them.
    pub(super) fn add_to(&self, roots: &mut RootCertStore) -> Result<(), rustls::Error> {
        self.0.iter().try_for_each(|certificate| roots.add(certificate.clone()))
    }
}

/// How long each step may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// Finding the host, the TCP connection and the TLS handshake, each.
    pub connect: Duration,
    /// The greeting, and the answer to each command.
    pub command: Duration,
    /// Sending the message and the answer to its final dot.
    pub content: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(30),
            command: Duration::from_secs(60),
            // RFC 5321, section 4.5.3.2.6: the server may be delivering it.
            content: Duration::from_secs(600),
        }
    }
}
