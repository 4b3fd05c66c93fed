//! What a certificate says: for whom, under which names, from when to when.

use std::net::IpAddr;

use gantry_base::Timestamp;
use gantry_base::time::after;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer, X509Certificate};

use crate::PkiError;
use crate::limits::CLOCK_SKEW;

/// Whom a client certificate speaks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Subject {
    /// The common name: the user.
    pub user: String,
    /// The organisations: the user's groups.
    pub groups: Vec<String>,
}

/// The readable facts of a certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    /// Whom it speaks for.
    pub subject: Subject,
    /// The names and addresses it answers to, sorted.
    pub names: Vec<String>,
    /// From when on it is valid.
    pub not_before: Timestamp,
    /// Until when it is valid.
    pub not_after: Timestamp,
}

/// Whether half of the certificate's life is over, which is when it is to be replaced.
#[must_use]
pub fn needs_renewal(certificate: &Certificate, now: Timestamp) -> bool {
    let (from, to) = (
        certificate.not_before.as_second(),
        certificate.not_after.as_second(),
    );
    now.as_second() >= from + (to - from) / 2
}

impl Certificate {
    /// When our authority made it: its time begins a little earlier, for clocks that are behind.
    #[must_use]
    pub fn issued_at(&self) -> Timestamp {
        after(self.not_before, CLOCK_SKEW)
    }

    /// Reads the first certificate in `pem`.
    pub fn from_pem(pem: &str) -> Result<Self, PkiError> {
        let der = CertificateDer::from_pem_slice(pem.as_bytes());
        Self::from_der(&der.map_err(|error| malformed(&error))?)
    }

    /// Reads a certificate as it came over TLS.
    pub fn from_der(der: &[u8]) -> Result<Self, PkiError> {
        let (_, parsed) = X509Certificate::from_der(der).map_err(|error| malformed(&error))?;
        Ok(Self {
            subject: subject(&parsed),
            names: names(&parsed),
            not_before: moment(parsed.validity().not_before.timestamp())?,
            not_after: moment(parsed.validity().not_after.timestamp())?,
        })
    }
}

fn malformed(error: &dyn std::error::Error) -> PkiError {
    PkiError::Malformed {
        what: error.to_string(),
    }
}

fn moment(second: i64) -> Result<Timestamp, PkiError> {
    Timestamp::from_second(second).map_err(|error| malformed(&error))
}

fn subject(parsed: &X509Certificate<'_>) -> Subject {
    let text =
        |name: &x509_parser::x509::AttributeTypeAndValue<'_>| name.as_str().ok().map(str::to_owned);
    Subject {
        user: parsed
            .subject()
            .iter_common_name()
            .find_map(text)
            .unwrap_or_default(),
        groups: parsed
            .subject()
            .iter_organization()
            .filter_map(text)
            .collect(),
    }
}

fn names(parsed: &X509Certificate<'_>) -> Vec<String> {
    let Ok(Some(extension)) = parsed.subject_alternative_name() else {
        return Vec::new();
    };
    let mut names: Vec<String> = extension
        .value
        .general_names
        .iter()
        .filter_map(shown)
        .collect();
    names.sort();
    names
}

fn shown(name: &GeneralName<'_>) -> Option<String> {
    if let GeneralName::DNSName(name) = name {
        return Some((*name).to_owned());
    }
    let GeneralName::IPAddress(bytes) = name else {
        return None;
    };
    let v4 = <[u8; 4]>::try_from(*bytes).map(IpAddr::from);
    let address = v4.or_else(|_| <[u8; 16]>::try_from(*bytes).map(IpAddr::from));
    address.ok().map(|address| address.to_string())
}
