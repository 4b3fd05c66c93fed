//! The cluster's certificate authority: it vouches for the server and for every client.

use std::fmt;
use std::time::{Duration, SystemTime};

use gantry_base::Timestamp;
use gantry_base::time::after;
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyPair, KeyUsagePurpose,
};

use crate::limits::{AUTHORITY_LIFETIME, CLIENT_LIFETIME, CLOCK_SKEW, SERVING_LIFETIME};
use crate::{Identity, PkiError, ServerNames};

/// The name in the authority's certificate.
const NAME: &str = "kubernetes";

/// A key that signs certificates, and the certificate that makes it trusted.
pub struct Authority {
    certificate: String,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    /// A new authority, trusted by nobody yet.
    pub fn create(now: Timestamp) -> Result<Self, PkiError> {
        let failed = failed(NAME);
        let key = KeyPair::generate().map_err(&failed)?;
        let mut params = params(NAME, &[], AUTHORITY_LIFETIME, now)?;
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![
            KeyUsagePurpose::DigitalSignature,
            KeyUsagePurpose::KeyCertSign,
            KeyUsagePurpose::CrlSign,
        ];
        let certificate = params.self_signed(&key).map_err(&failed)?;
        Ok(Self {
            certificate: certificate.pem(),
            issuer: Issuer::new(params, key),
        })
    }

    /// The authority that was stored as `text`: its key and its certificate, in PEM.
    pub(crate) fn from_text(text: &str) -> Result<Self, rcgen::Error> {
        let key = KeyPair::from_pem(text)?;
        let from = text.find("-----BEGIN CERTIFICATE").unwrap_or(text.len());
        let certificate = text[from..].to_owned();
        let issuer = Issuer::from_ca_cert_pem(&certificate, key)?;
        Ok(Self {
            certificate,
            issuer,
        })
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
        let mut params = params("kube-apiserver", &[], SERVING_LIFETIME, now)?;
        let listed = CertificateParams::new(names.all()).map_err(failed("kube-apiserver"))?;
        params.subject_alt_names = listed.subject_alt_names;
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        self.sign("kube-apiserver", params)
    }

    /// Vouches for `user` as a member of `groups`, for at most [`CLIENT_LIFETIME`].
    pub fn issue_client(
        &self,
        user: &str,
        groups: &[&str],
        ttl: Duration,
        now: Timestamp,
    ) -> Result<Identity, PkiError> {
        let mut params = params(user, groups, ttl.min(CLIENT_LIFETIME), now)?;
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        self.sign(user, params)
    }

    fn sign(&self, subject: &str, mut params: CertificateParams) -> Result<Identity, PkiError> {
        let failed = failed(subject);
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.use_authority_key_identifier_extension = true;
        let key = KeyPair::generate().map_err(&failed)?;
        let certificate = params.signed_by(&key, &self.issuer).map_err(&failed)?;
        Ok(Identity {
            cert_pem: certificate.pem(),
            key_pem: key.serialize_pem(),
            ca_pem: self.certificate.clone(),
        })
    }
}

fn failed(subject: &str) -> impl Fn(rcgen::Error) -> PkiError {
    move |source| PkiError::Issue {
        subject: subject.to_owned(),
        source,
    }
}

/// What all certificates have: a subject and a time.
fn params(
    user: &str,
    groups: &[&str],
    lifetime: Duration,
    now: Timestamp,
) -> Result<CertificateParams, PkiError> {
    let mut params = CertificateParams::default();
    let from = now.checked_sub(CLOCK_SKEW).unwrap_or(now);
    params.not_before = SystemTime::from(from).into();
    params.not_after = SystemTime::from(after(now, lifetime)).into();
    params.distinguished_name = name(user, groups)?;
    Ok(params)
}

/// The subject. The library keeps one value per attribute, and knows the organisation under two
/// spellings, its name and its number; hence two groups, and more are refused.
fn name(user: &str, groups: &[&str]) -> Result<DistinguishedName, PkiError> {
    const ORGANISATION: [u64; 4] = [2, 5, 4, 10];
    let mut name = DistinguishedName::new();
    let spellings = [
        DnType::OrganizationName,
        DnType::CustomDnType(ORGANISATION.to_vec()),
    ];
    if groups.len() > spellings.len() {
        return Err(PkiError::TooManyGroups {
            subject: user.to_owned(),
            count: groups.len(),
        });
    }
    for (spelling, group) in spellings.into_iter().zip(groups) {
        name.push(spelling, *group);
    }
    name.push(DnType::CommonName, user);
    Ok(name)
}

/// Shows the certificate and never the key.
impl fmt::Debug for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authority")
            .field("certificate", &self.certificate)
            .finish_non_exhaustive()
    }
}
