//! A key with its certificate and the authority that vouches for it.

use std::fmt;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::{Certificate, PkiError};

/// Everything one party needs in order to be somebody: what a kubeconfig embeds.
#[derive(Clone, PartialEq, Eq)]
pub struct Identity {
    /// The certificate.
    pub cert_pem: String,
    /// Its private key.
    pub key_pem: String,
    /// The authority's certificate.
    pub ca_pem: String,
}

impl Identity {
    /// What the certificate says.
    pub fn certificate(&self) -> Result<Certificate, PkiError> {
        Certificate::from_pem(&self.cert_pem)
    }

    /// The certificate and key as the TLS library takes them.
    pub(crate) fn der(
        &self,
    ) -> Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>), PkiError> {
        let certificate = CertificateDer::from_pem_slice(self.cert_pem.as_bytes());
        let key = PrivateKeyDer::from_pem_slice(self.key_pem.as_bytes());
        let malformed = |error: rustls::pki_types::pem::Error| PkiError::Malformed {
            what: error.to_string(),
        };
        Ok((
            vec![certificate.map_err(malformed)?],
            key.map_err(malformed)?,
        ))
    }
}

/// Shows the certificate and never the key.
impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity")
            .field("cert_pem", &self.cert_pem)
            .finish_non_exhaustive()
    }
}
