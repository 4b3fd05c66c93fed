//! TLS settings for both ends. The cryptography is ring's, and named only here.

use std::sync::Arc;

use rustls::crypto::CryptoProvider;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::server::WebPkiClientVerifier;
use rustls::{ClientConfig, RootCertStore, ServerConfig};

use crate::serving::Serving;
use crate::{Identity, PkiError};

/// The cryptography that all of Gantry uses.
pub(crate) fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

/// A server that shows `serving` and asks for certificates of the authority `ca_pem`, but also
/// talks to those who have none: tokens come later, over HTTP.
pub(crate) fn server_config(
    serving: Arc<Serving>,
    ca_pem: &str,
) -> Result<Arc<ServerConfig>, PkiError> {
    let roots = Arc::new(roots(ca_pem)?);
    let verifier = WebPkiClientVerifier::builder_with_provider(roots, provider());
    let mut config = ServerConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()?
        .with_client_cert_verifier(verifier.allow_unauthenticated().build()?)
        .with_cert_resolver(serving);
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

/// A client that trusts the identity's authority and shows its certificate.
pub fn client_config(identity: &Identity) -> Result<Arc<ClientConfig>, PkiError> {
    let (chain, key) = identity.der()?;
    let config = ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots(&identity.ca_pem)?)
        .with_client_auth_cert(chain, key)?;
    Ok(Arc::new(config))
}

/// The certificates in a text, as authorities.
pub(crate) fn roots(ca_pem: &str) -> Result<RootCertStore, PkiError> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(ca_pem.as_bytes()) {
        let certificate = certificate.map_err(|error| PkiError::Malformed {
            what: error.to_string(),
        })?;
        roots.add(certificate)?;
    }
    Ok(roots)
}
