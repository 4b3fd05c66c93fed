//! Whom to trust, and how to prove who is asking.

use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};

use super::RemoteError;
use crate::kubeconfig::Endpoint;

/// The TLS settings that an endpoint asks for.
pub(super) fn config(endpoint: &Endpoint) -> Result<ClientConfig, RemoteError> {
    let provider = Arc::new(ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .map_err(|error| bad("protocol versions", error))?;
    let builder = if endpoint.insecure {
        let trusting = Arc::new(Trusting { provider });
        builder
            .dangerous()
            .with_custom_certificate_verifier(trusting)
    } else {
        builder.with_root_certificates(roots(endpoint)?)
    };
    let Some((certificate, key)) = &endpoint.client_certificate else {
        return Ok(builder.with_no_client_auth());
    };
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(certificate).collect();
    let chain = chain.map_err(|error| bad("client certificate", error))?;
    let key = PrivateKeyDer::from_pem_slice(key).map_err(|error| bad("client key", error))?;
    builder
        .with_client_auth_cert(chain, key)
        .map_err(|error| bad("client certificate and key", error))
}

/// The same settings, with the protocols to offer.
pub(super) fn with_protocols(config: &Arc<ClientConfig>, http2: bool) -> Arc<ClientConfig> {
    let mut config = ClientConfig::clone(config);
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    if http2 {
        config.alpn_protocols.insert(0, b"h2".to_vec());
    }
    Arc::new(config)
}

fn roots(endpoint: &Endpoint) -> Result<RootCertStore, RemoteError> {
    let mut roots = RootCertStore::empty();
    let Some(authority) = &endpoint.authority_certificate else {
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        return Ok(roots);
    };
    for certificate in CertificateDer::pem_slice_iter(authority) {
        let certificate = certificate.map_err(|error| bad("certificate authority", error))?;
        let added = roots.add(certificate);
        added.map_err(|error| bad("certificate authority", error))?;
    }
    Ok(roots)
}

fn bad(what: &'static str, error: impl std::fmt::Display) -> RemoteError {
    let detail = error.to_string();
    RemoteError::Credentials { what, detail }
}

/// Accepts any certificate, because the user said `insecure-skip-tls-verify`.
#[derive(Debug)]
struct Trusting {
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Trusting {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, cert, dss, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, cert, dss, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider
            .signature_verification_algorithms
            .supported_schemes()
    }
}
