//! The certificate that the server shows, exchangeable while connections come in.

use std::sync::Arc;

use arc_swap::ArcSwap;
use rustls::crypto::CryptoProvider;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;

use crate::{Certificate, Identity, PkiError};

/// What the next handshake will show.
#[derive(Debug)]
pub(crate) struct Serving {
    current: ArcSwap<Shown>,
}

#[derive(Debug)]
struct Shown {
    certificate: Certificate,
    key: Arc<CertifiedKey>,
}

impl Serving {
    pub(crate) fn new(identity: &Identity, provider: &CryptoProvider) -> Result<Self, PkiError> {
        Ok(Self {
            current: ArcSwap::from_pointee(Shown::new(identity, provider)?),
        })
    }

    /// What the current certificate says.
    pub(crate) fn certificate(&self) -> Certificate {
        self.current.load().certificate.clone()
    }

    /// Shows another certificate from the next handshake on.
    pub(crate) fn replace(
        &self,
        identity: &Identity,
        provider: &CryptoProvider,
    ) -> Result<(), PkiError> {
        self.current
            .store(Arc::new(Shown::new(identity, provider)?));
        Ok(())
    }
}

impl Shown {
    fn new(identity: &Identity, provider: &CryptoProvider) -> Result<Self, PkiError> {
        let (chain, key) = identity.der()?;
        Ok(Self {
            certificate: identity.certificate()?,
            key: Arc::new(CertifiedKey::from_der(chain, key, provider)?),
        })
    }
}

impl ResolvesServerCert for Serving {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.current.load().key))
    }
}
