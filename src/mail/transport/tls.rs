//! TLS towards a relay, from the first octet or after STARTTLS: the system's certificate authorities, the operator's
//! own, and nothing else; the host's name is checked.

use std::io;
use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::error::{Error, Result};
use crate::mail::transport::Fault;
use crate::mail::transport::wire::Stream;

/// TLS with one host.
#[derive(Clone)]
pub(super) struct Tls {
    config: Arc<ClientConfig>,
    name: ServerName<'static>,
}

impl Tls {
    /// Reads the certificate authorities.
    pub(super) fn new(host: &str, extra_ca: Option<&Path>) -> Result<Self> {
        let name = ServerName::try_from(host.to_owned())
            .map_err(|_| Error::invalid("mail", "The host of the mail server is not a valid name"))?;
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        if let Some(path) = extra_ca {
            for certificate in read_pem(path)? {
                roots.add(certificate).map_err(|_| unreadable())?;
            }
        }
        let config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(Error::internal)?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self { config: Arc::new(config), name })
    }

    /// Encrypts what goes over a socket from now on.
    pub(super) async fn wrap<S: Stream>(&self, stream: S) -> io::Result<TlsStream<S>> {
        TlsConnector::from(Arc::clone(&self.config)).connect(self.name.clone(), stream).await
    }
}

fn read_pem(path: &Path) -> Result<Vec<CertificateDer<'static>>> {
    let certificates: Vec<_> =
        CertificateDer::pem_file_iter(path).and_then(Iterator::collect).map_err(|_| unreadable())?;
    if certificates.is_empty() { Err(unreadable()) } else { Ok(certificates) }
}

fn unreadable() -> Error {
    Error::invalid("mail-ca", "The file of certificate authorities cannot be read as PEM certificates")
}

/// What failed in a handshake: the certificate, or anything else.
pub(super) fn fault(error: &(dyn std::error::Error + 'static)) -> Fault {
    let mut next = Some(error);
    while let Some(error) = next {
        // An io::Error names what it wraps by `get_ref`, not by `source`.
        let inner = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        let tls = error.downcast_ref::<rustls::Error>();
        match tls.or_else(|| inner.and_then(|inner| inner.downcast_ref::<rustls::Error>())) {
            Some(rustls::Error::InvalidCertificate(_)) => return Fault::Certificate,
            Some(_) => return Fault::Tls,
            None => next = error.source(),
        }
    }
    Fault::Tls
}
