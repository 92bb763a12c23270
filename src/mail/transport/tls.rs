//! TLS towards a relay: the system's certificate authorities, the operator's own, and nothing else.
//!
//! STARTTLS goes through lettre, implicit TLS over a socket of ours; both trust the same roots and check
//! the host's name.

use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use lettre::transport::smtp::client::{AsyncTokioStream, Certificate, TlsParameters};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::error::{Error, Result};
use crate::mail::transport::Fault;

/// TLS with one host.
#[derive(Clone)]
pub(super) struct Tls {
    /// For STARTTLS.
    pub(super) parameters: TlsParameters,
    config: Arc<ClientConfig>,
    name: ServerName<'static>,
}

impl Tls {
    /// Reads the certificate authorities.
    pub(super) fn new(host: &str, extra_ca: Option<&Path>) -> Result<Self> {
        let name = ServerName::try_from(host.to_owned())
            .map_err(|_| Error::invalid("mail", "The host of the mail server is not a valid name"))?;
        let mut parameters = TlsParameters::builder(host.to_owned());
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        if let Some(path) = extra_ca {
            for certificate in read_pem(path)? {
                let own = Certificate::from_der(certificate.to_vec()).map_err(|_| unreadable())?;
                parameters = parameters.add_root_certificate(own);
                roots.add(certificate).map_err(|_| unreadable())?;
            }
        }
        let config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(Error::internal)?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let parameters = parameters.build().map_err(Error::internal)?;
        Ok(Self { parameters, config: Arc::new(config), name })
    }

    /// Encrypts from the first octet.
    pub(super) async fn wrap(&self, stream: TcpStream) -> io::Result<Encrypted> {
        TlsConnector::from(Arc::clone(&self.config)).connect(self.name.clone(), stream).await.map(Encrypted)
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

/// A socket under implicit TLS, in the shape that lettre takes.
#[derive(Debug)]
pub(super) struct Encrypted(TlsStream<TcpStream>);

impl AsyncTokioStream for Encrypted {
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.0.get_ref().0.peer_addr()
    }
}

impl AsyncRead for Encrypted {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(context, buffer)
    }
}

impl AsyncWrite for Encrypted {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        octets: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(context, octets)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(context)
    }
}
