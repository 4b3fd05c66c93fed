//! How this server shows other API servers that it may speak for its callers: by a certificate of an
//! authority that vouches for nothing else.
//!
//! Whoever that authority vouched for is believed to be any user. So it is not the cluster's
//! authority, which vouches for every client.

use std::path::Path;
use std::sync::Arc;

use arc_swap::ArcSwap;
use gantry_base::Timestamp;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{ResolvesClientCert, WebPkiServerVerifier};
use rustls::crypto::{verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::sign::CertifiedKey;
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};

use crate::limits::CLIENT_LIFETIME;
use crate::tls::{provider, roots};
use crate::{Authority, Certificate, PkiError, needs_renewal};

/// Whom the certificate names: the only one who may speak for others.
pub const FRONT_PROXY: &str = "front-proxy-client";

/// Whose certificates a server may show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ServerTrust<'a> {
    /// Those that these authorities vouch for, in PEM.
    Authority(&'a [u8]),
    /// Those that these authorities vouch for, which this machine trusts.
    Roots(&'a [CertificateDer<'static>]),
    /// Anybody's.
    Anybody,
}

/// The authority, and what it vouched for last.
#[derive(Debug)]
pub struct FrontProxy {
    authority: Authority,
    shown: Arc<Shown>,
}

impl FrontProxy {
    pub(crate) fn open(path: &Path, now: Timestamp) -> Result<Self, PkiError> {
        let authority = Authority::kept(path, "front-proxy-ca", now)?;
        let shown = Shown {
            current: ArcSwap::from_pointee(issue(&authority, now)?),
        };
        Ok(Self {
            authority,
            shown: Arc::new(shown),
        })
    }

    /// The authority that other servers have to know, in PEM.
    #[must_use]
    pub fn ca_pem(&self) -> &str {
        self.authority.ca_pem()
    }

    /// Replaces the certificate when half its life is over; says whether it did.
    pub fn renew(&self, now: Timestamp) -> Result<bool, PkiError> {
        if !needs_renewal(&self.shown.current.load().certificate, now) {
            return Ok(false);
        }
        let fresh = issue(&self.authority, now)?;
        self.shown.current.store(Arc::new(fresh));
        Ok(true)
    }

    /// TLS to another server: shows the certificate of the moment, and believes whom `trust` says.
    pub fn client_config(&self, trust: ServerTrust<'_>) -> Result<Arc<ClientConfig>, PkiError> {
        let builder = ClientConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()?;
        let builder = match trust {
            ServerTrust::Anybody => builder
                .dangerous()
                .with_custom_certificate_verifier(Arc::new(Anybody)),
            ServerTrust::Authority(authority) => {
                let text = std::str::from_utf8(authority);
                let roots = roots(text.unwrap_or(""))?;
                if roots.is_empty() {
                    return Err(PkiError::Malformed {
                        what: "there is none in the caBundle".to_owned(),
                    });
                }
                let verifier =
                    WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider());
                builder.with_webpki_verifier(verifier.build()?)
            }
            ServerTrust::Roots(trusted) => {
                let mut roots = RootCertStore::empty();
                roots.add_parsable_certificates(trusted.iter().cloned());
                builder.with_root_certificates(roots)
            }
        };
        let mut config = builder.with_client_cert_resolver(Arc::clone(&self.shown) as _);
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Arc::new(config))
    }
}

/// What the next handshake shows.
#[derive(Debug)]
struct Shown {
    current: ArcSwap<Issued>,
}

#[derive(Debug)]
struct Issued {
    certificate: Certificate,
    key: Arc<CertifiedKey>,
}

fn issue(authority: &Authority, now: Timestamp) -> Result<Issued, PkiError> {
    let identity = authority.issue_client(FRONT_PROXY, &[], CLIENT_LIFETIME, now)?;
    let (chain, key) = identity.der()?;
    Ok(Issued {
        certificate: identity.certificate()?,
        key: Arc::new(CertifiedKey::from_der(chain, key, &provider())?),
    })
}

impl ResolvesClientCert for Shown {
    fn resolve(&self, _: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.current.load().key))
    }

    fn has_certs(&self) -> bool {
        true
    }
}

/// Believes anybody to be anybody, as long as they hold the key that they show.
#[derive(Debug)]
struct Anybody;

impl ServerCertVerifier for Anybody {
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
        let algorithms = provider().signature_verification_algorithms;
        verify_tls12_signature(message, cert, dss, &algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = provider().signature_verification_algorithms;
        verify_tls13_signature(message, cert, dss, &algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        let algorithms = provider().signature_verification_algorithms;
        algorithms.supported_schemes()
    }
}
