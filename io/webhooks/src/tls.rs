//! Whom to believe to be who they say.

use std::sync::Arc;

use rustls::crypto::ring;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};

use crate::error::CallError;

/// The settings for a webhook whose certificate is signed by one of `authority`, or by somebody
/// whom this machine trusts.
pub(crate) fn config(authority: Option<&[u8]>) -> Result<Arc<ClientConfig>, CallError> {
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(CallError::Authority)?;
    let mut config = builder
        .with_root_certificates(roots(authority)?)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

fn roots(authority: Option<&[u8]>) -> Result<RootCertStore, CallError> {
    let mut roots = RootCertStore::empty();
    let Some(authority) = authority else {
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        return Ok(roots);
    };
    for certificate in CertificateDer::pem_slice_iter(authority) {
        let certificate = certificate.map_err(|_| CallError::NoCertificate)?;
        roots.add(certificate).map_err(CallError::Authority)?;
    }
    if roots.is_empty() {
        return Err(CallError::NoCertificate);
    }
    Ok(roots)
}
