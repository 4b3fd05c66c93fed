//! Whom to believe besides the cluster itself.

use gantry_access::authn::Issuer;
use gantry_access::authn::configuration::Anonymous;
use gantry_access::authn::listed::Listed;

use crate::webhook::WebhookConfig;

/// Whom to believe besides the cluster itself; nobody unless said otherwise.
#[derive(Clone, Debug, Default)]
pub struct Config {
    /// Tokens that are listed with their users.
    pub listed: Listed,
    /// Issuers of tokens.
    pub issuers: Vec<Issuer>,
    /// Who is asked about tokens that nobody else knows.
    pub webhook: Option<WebhookConfig>,
    /// What those may ask for who show nothing.
    pub anonymous: Anonymous,
}
