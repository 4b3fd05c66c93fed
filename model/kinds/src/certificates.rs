//! Certificates that are asked for, and decided on by people.

mod certificate_signing_request;

pub use certificate_signing_request::{CertificateSigningRequests, Wishes, organizations, wishes};
