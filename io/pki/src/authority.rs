//! The cluster's certificate authority: it vouches for the server and for every client.

use std::fmt;
use std::path::Path;
use std::time::{Duration, SystemTime};

use gantry_base::Timestamp;
use gantry_base::time::after;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, PublicKeyData,
};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use x509_parser::certification_request::X509CertificationRequest;
use x509_parser::cri_attributes::ParsedCriAttribute;
use x509_parser::extensions::ParsedExtension;
use x509_parser::oid_registry::OID_X509_EXT_SUBJECT_ALT_NAME;
use x509_parser::pem::parse_x509_pem;
use x509_parser::prelude::{FromDer, X509Certificate};

use crate::issue::{self, Order, Signer, Usages};
use crate::limits::{
    ADMIN_LIFETIME, AUTHORITY_LIFETIME, CLIENT_LIFETIME, CLOCK_SKEW, SERVING_LIFETIME,
};
use crate::{Identity, PkiError, ServerNames, der, files};

/// The name in the authority's certificate.
const NAME: &str = "kubernetes";
/// The group that may do everything.
const MASTERS: &str = "system:masters";
/// The user in the administrator's kubeconfig.
pub const ADMIN: &str = "kubernetes-admin";
/// What a request is called in PEM.
const REQUESTS: [&str; 2] = ["CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST"];
/// Its file in the folder of keys: key and certificate.
const FILE: &str = "ca.pem";

/// A key that signs certificates, and the certificate that makes it trusted.
pub struct Authority {
    certificate: String,
    issuer: Issuer<'static, KeyPair>,
    /// How the authority signs, in DER: as its own certificate says, which it signed itself.
    algorithm: Vec<u8>,
    /// Its name, in DER.
    name: Vec<u8>,
    /// What its key is called in its certificate.
    key_identifier: Vec<u8>,
}

impl Authority {
    /// A new authority, trusted by nobody yet.
    pub fn create(now: Timestamp) -> Result<Self, PkiError> {
        Self::called(NAME, now)
    }

    /// A new authority of this name.
    pub(crate) fn called(name: &str, now: Timestamp) -> Result<Self, PkiError> {
        let failed = failed(name);
        let key = KeyPair::generate().map_err(&failed)?;
        let mut params = params(name, AUTHORITY_LIFETIME, now);
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![
            KeyUsagePurpose::DigitalSignature,
            KeyUsagePurpose::KeyCertSign,
            KeyUsagePurpose::CrlSign,
        ];
        let certificate = params.self_signed(&key).map_err(&failed)?;
        Self::new(certificate.pem(), Issuer::new(params, key)).map_err(failed)
    }

    fn new(certificate: String, issuer: Issuer<'static, KeyPair>) -> Result<Self, rcgen::Error> {
        let wrong = || rcgen::Error::CouldNotParseCertificate;
        let whole = CertificateDer::from_pem_slice(certificate.as_bytes()).map_err(|_| wrong())?;
        let (_, parsed) = X509Certificate::from_der(&whole).map_err(|_| wrong())?;
        let named = parsed.extensions().iter().find_map(|found| {
            if let ParsedExtension::SubjectKeyIdentifier(identifier) = found.parsed_extension() {
                Some(identifier.0.to_vec())
            } else {
                None
            }
        });
        let parts = der::parts(&whole).ok_or_else(wrong)?;
        Ok(Self {
            algorithm: parts.get(1).ok_or_else(wrong)?.to_vec(),
            name: parsed.subject().as_raw().to_vec(),
            key_identifier: named.unwrap_or_default(),
            certificate,
            issuer,
        })
    }

    /// The authority of the folder `dir`, which must be there.
    pub fn open(dir: &Path) -> Result<Self, PkiError> {
        let path = dir.join(FILE);
        match files::read(&path)? {
            Some(text) => Self::from_text(&text).map_err(|error| damaged(&path, &error)),
            None => Err(PkiError::Read {
                path,
                source: std::io::ErrorKind::NotFound.into(),
            }),
        }
    }

    /// The authority of the folder `dir`, made when there is none.
    pub(crate) fn open_or_create(dir: &Path, now: Timestamp) -> Result<Self, PkiError> {
        Self::kept(&dir.join(FILE), NAME, now)
    }

    /// The authority that is kept in a file, made under this name when there is none.
    pub(crate) fn kept(path: &Path, name: &str, now: Timestamp) -> Result<Self, PkiError> {
        if let Some(text) = files::read(path)? {
            return Self::from_text(&text).map_err(|error| damaged(path, &error));
        }
        let authority = Self::called(name, now)?;
        files::write(path, &authority.to_text())?;
        Ok(authority)
    }

    /// The authority that was stored as `text`: its key and its certificate, in PEM.
    pub(crate) fn from_text(text: &str) -> Result<Self, rcgen::Error> {
        let key = KeyPair::from_pem(text)?;
        let from = text.find("-----BEGIN CERTIFICATE").unwrap_or(text.len());
        let certificate = text[from..].to_owned();
        let issuer = Issuer::from_ca_cert_pem(&certificate, key)?;
        Self::new(certificate, issuer)
    }

    /// What [`from_text`](Self::from_text) reads.
    pub(crate) fn to_text(&self) -> String {
        format!("{}{}", self.issuer.key().serialize_pem(), self.certificate)
    }

    /// The certificate that clients trust.
    #[must_use]
    pub fn ca_pem(&self) -> &str {
        &self.certificate
    }

    /// Vouches for a server under `names`.
    pub fn issue_server(&self, names: &ServerNames, now: Timestamp) -> Result<Identity, PkiError> {
        let failed = failed("kube-apiserver");
        let mut params = params("kube-apiserver", SERVING_LIFETIME, now);
        let listed = CertificateParams::new(names.all()).map_err(&failed)?;
        params.subject_alt_names = listed.subject_alt_names;
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.use_authority_key_identifier_extension = true;
        let key = KeyPair::generate().map_err(&failed)?;
        let certificate = params.signed_by(&key, &self.issuer).map_err(&failed)?;
        Ok(self.identity(certificate.pem(), &key))
    }

    /// Vouches for `user` as a member of `groups`, for at most [`CLIENT_LIFETIME`].
    pub fn issue_client(
        &self,
        user: &str,
        groups: &[&str],
        ttl: Duration,
        now: Timestamp,
    ) -> Result<Identity, PkiError> {
        let failed = failed(user);
        let key = KeyPair::generate().map_err(&failed)?;
        let order = Order {
            subject: &issue::subject(user, groups),
            public_key: &key.subject_public_key_info(),
            names: None,
            usages: Usages {
                client: true,
                signature: true,
                ..Usages::default()
            },
            not_before: now.checked_sub(CLOCK_SKEW).unwrap_or(now),
            not_after: after(now, ttl.min(CLIENT_LIFETIME)),
        };
        let certificate = self.sign(&order).map_err(failed)?;
        Ok(self.identity(certificate, &key))
    }

    /// Vouches for the administrator, for thirty days.
    pub fn issue_admin(&self, now: Timestamp) -> Result<Identity, PkiError> {
        self.issue_client(ADMIN, &[MASTERS], ADMIN_LIFETIME, now)
    }

    /// A certificate for what a request asks for, in PEM: its subject, its key and its names as
    /// they are. Whether it may have them is for the caller to know.
    pub fn answer(
        &self,
        request: &[u8],
        usages: Usages,
        life: Duration,
        now: Timestamp,
    ) -> Result<String, PkiError> {
        let malformed = |what: String| PkiError::Malformed { what };
        let (_, block) = parse_x509_pem(request).map_err(|error| malformed(error.to_string()))?;
        if !REQUESTS.contains(&block.label.as_str()) {
            return Err(malformed(format!("a {} is no request", block.label)));
        }
        let read = X509CertificationRequest::from_der(&block.contents);
        let (_, request) = read.map_err(|error| malformed(error.to_string()))?;
        let verified = request.verify_signature();
        verified.map_err(|error| malformed(error.to_string()))?;
        let asked = &request.certification_request_info;
        let requested = asked.iter_attributes().find_map(|attribute| {
            if let ParsedCriAttribute::ExtensionRequest(all) = attribute.parsed_attribute() {
                all.extensions
                    .iter()
                    .find(|own| own.oid == OID_X509_EXT_SUBJECT_ALT_NAME)
            } else {
                None
            }
        });
        let order = Order {
            subject: asked.subject.as_raw(),
            public_key: asked.subject_pki.raw,
            names: requested.map(|extension| extension.value),
            usages,
            not_before: now.checked_sub(CLOCK_SKEW).unwrap_or(now),
            not_after: after(now, life.min(CLIENT_LIFETIME)),
        };
        self.sign(&order)
            .map_err(failed(&asked.subject.to_string()))
    }

    /// The certificate that says so, in PEM.
    pub(crate) fn sign(&self, order: &Order<'_>) -> Result<String, rcgen::Error> {
        let signer = Signer {
            name: &self.name,
            algorithm: &self.algorithm,
            key_identifier: &self.key_identifier,
            key: self.issuer.key(),
        };
        issue::certificate(order, &signer)
    }

    fn identity(&self, cert_pem: String, key: &KeyPair) -> Identity {
        Identity {
            cert_pem,
            key_pem: key.serialize_pem(),
            ca_pem: self.certificate.clone(),
        }
    }
}

pub(crate) fn damaged(path: &Path, error: &dyn std::error::Error) -> PkiError {
    PkiError::Damaged {
        path: path.to_owned(),
        what: error.to_string(),
    }
}

fn failed(subject: &str) -> impl Fn(rcgen::Error) -> PkiError {
    move |source| PkiError::Issue {
        subject: subject.to_owned(),
        source,
    }
}

/// What our own certificates have: a name and a time.
fn params(name: &str, lifetime: Duration, now: Timestamp) -> CertificateParams {
    let mut params = CertificateParams::default();
    let from = now.checked_sub(CLOCK_SKEW).unwrap_or(now);
    params.not_before = SystemTime::from(from).into();
    params.not_after = SystemTime::from(after(now, lifetime)).into();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params
}

/// Shows the certificate and never the key.
impl fmt::Debug for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authority")
            .field("certificate", &self.certificate)
            .finish_non_exhaustive()
    }
}
