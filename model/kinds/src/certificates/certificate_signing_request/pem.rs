//! What is inside the texts: requests and certificates in PEM form.

use x509_parser::certification_request::X509CertificationRequest;
use x509_parser::extensions::{GeneralName, ParsedExtension};
use x509_parser::pem::{Pem, parse_x509_pem};
use x509_parser::prelude::{FromDer, X509Certificate};

const REQUEST: [&str; 2] = ["CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST"];
const CERTIFICATE: &str = "CERTIFICATE";

/// Says what is wrong with a request for a certificate: its form, or that it was not signed with
/// the key that it is for.
pub(super) fn check_request(text: &[u8]) -> Result<(), String> {
    let block = request_block(text)?;
    let request = request_in(&block)?;
    let verified = request.verify_signature();
    verified.map_err(|error| format!("verify the signature: {error}"))
}

/// The organizations that the subject of a request claims to belong to, which the API reads as
/// groups; none when it cannot be read.
#[must_use]
pub fn organizations(text: &[u8]) -> Vec<String> {
    let Ok(block) = request_block(text) else {
        return Vec::new();
    };
    let Ok(request) = request_in(&block) else {
        return Vec::new();
    };
    let subject = &request.certification_request_info.subject;
    let texts = subject
        .iter_organization()
        .filter_map(|name| name.as_str().ok());
    texts.map(str::to_owned).collect()
}

/// What a request asks to be vouched for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wishes {
    /// The common name, which the API reads as the user.
    pub user: String,
    /// The organizations, which it reads as groups.
    pub organizations: Vec<String>,
    /// How many host names and addresses.
    pub hosts: usize,
    /// How many names of other kinds: mailboxes, paths, and whatever else there is.
    pub others: usize,
}

/// What a request asks to be vouched for, if it can be read.
#[must_use]
pub fn wishes(text: &[u8]) -> Option<Wishes> {
    let block = request_block(text).ok()?;
    let request = request_in(&block).ok()?;
    let subject = &request.certification_request_info.subject;
    // As the API reads a certificate: the first that is a text.
    let user = subject
        .iter_common_name()
        .find_map(|name| name.as_str().ok());
    let mut wishes = Wishes {
        user: user.unwrap_or_default().to_owned(),
        organizations: organizations(text),
        ..Wishes::default()
    };
    for extension in request.requested_extensions().into_iter().flatten() {
        let ParsedExtension::SubjectAlternativeName(names) = extension else {
            continue;
        };
        for name in &names.general_names {
            if matches!(name, GeneralName::DNSName(_) | GeneralName::IPAddress(_)) {
                wishes.hosts += 1;
            } else {
                wishes.others += 1;
            }
        }
    }
    Some(wishes)
}

/// Says what is wrong with a chain of certificates.
pub(super) fn check_certificates(text: &[u8]) -> Result<(), String> {
    let mut count = 0;
    for block in Pem::iter_from_buffer(text) {
        let block = block.map_err(|error| error.to_string())?;
        if block.label != CERTIFICATE {
            let found = &block.label;
            return Err(format!(
                "only CERTIFICATE PEM blocks are allowed, found {found:?}"
            ));
        }
        X509Certificate::from_der(&block.contents).map_err(|error| error.to_string())?;
        count += 1;
    }
    if count == 0 {
        return Err("must contain at least one CERTIFICATE PEM block".to_owned());
    }
    Ok(())
}

fn request_block(text: &[u8]) -> Result<Pem, String> {
    let wrong = || "PEM block type must be CERTIFICATE REQUEST".to_owned();
    let (_, block) = parse_x509_pem(text).map_err(|_| wrong())?;
    if REQUEST.contains(&block.label.as_str()) {
        Ok(block)
    } else {
        Err(wrong())
    }
}

fn request_in(block: &Pem) -> Result<X509CertificationRequest<'_>, String> {
    let read = X509CertificationRequest::from_der(&block.contents);
    let (_, request) = read.map_err(|error| format!("read the request: {error}"))?;
    Ok(request)
}
