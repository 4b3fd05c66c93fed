//! Keys, certificates, tokens, and when to renew them.
//!
//! One folder of the data directory holds the cluster's authority, the server's own certificate and
//! the key that signs service account tokens. Nothing here reads a clock: the time is an argument,
//! so every decision about validity can be tested. Private keys leave this crate only inside an
//! [`Identity`] that somebody asked for.

mod authority;
mod certificate;
mod claims;
mod der;
mod error;
mod files;
mod front_proxy;
mod identity;
mod issue;
mod jwks;
pub mod limits;
mod names;
mod serving;
mod stored;
mod tls;
mod token;

#[cfg(test)]
mod tests;

pub use authority::{ADMIN, Authority};
pub use certificate::{Certificate, Subject, needs_renewal};
pub use claims::{BoundObject, Claims, KubernetesClaims};
pub use error::PkiError;
pub use front_proxy::{FRONT_PROXY, FrontProxy, ServerTrust};
pub use identity::Identity;
pub use issue::Usages;
pub use jwks::{Jwks, JwsError, claimed_issuer};
pub use names::ServerNames;
pub use stored::Pki;
pub use tls::client_config;
pub use token::{ISSUER, TokenError, TokenKey};
