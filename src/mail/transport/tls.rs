//! TLS towards a relay, from the first octet or after STARTTLS: the system's certificate authorities, the operator's
//! own, and nothing else; the host's name is checked.

use std::io;
use std::sync::Arc;

use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::error::{Error, Result};
use crate::mail::transport::wire::Stream;
use crate::mail::transport::{Authorities, Fault};

/// TLS with one host.
#[derive(Clone)]
pub(super) struct Tls {
    config: Arc<ClientConfig>,
    name: ServerName<'static>,
}

impl Tls {
    /// Trusts the system's certificate authorities and these.
    pub(super) fn new(host: &str, authorities: &Authorities) -> Result<Self> {
        let name = ServerName::try_from(host.to_owned()).map_err(Error::internal)?;
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        authorities.add_to(&mut roots).map_err(Error::internal)?;
        let config =
            ClientConfig::builder_with_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
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
