//! One address that answers for a registry.

use std::net::IpAddr;

use rustls::pki_types::CertificateDer;

use crate::credentials::Credentials;

/// Where and how to ask.
#[derive(Clone, Debug)]
pub(crate) struct Endpoint {
    /// What errors call it: the registry as in image names, or the mirror's host.
    pub(crate) name: String,
    /// Host and perhaps port.
    pub(crate) host: String,
    pub(crate) plain_http: bool,
    /// Certificates to trust besides the machine's own.
    pub(crate) ca: Vec<CertificateDer<'static>>,
    pub(crate) credentials: Option<Credentials>,
}

impl Endpoint {
    pub(crate) fn address(&self) -> String {
        let scheme = if self.plain_http { "http" } else { "https" };
        format!("{scheme}://{}", self.host)
    }
}

/// Registries on this machine are reached without TLS, as every other tool does.
pub(crate) fn is_loopback(host: &str) -> bool {
    let bare = match host.rsplit_once(':') {
        Some((bare, port)) if !port.contains(']') => bare,
        _ => host,
    };
    let bare = bare.trim_matches(['[', ']']);
    bare == "localhost"
        || bare
            .parse::<IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

/// Whether the address is plain HTTP, and its host with port.
pub(super) fn parse_address(text: &str) -> Option<(bool, String)> {
    let uri: http::Uri = text.parse().ok()?;
    let plain_http = match uri.scheme_str()? {
        "http" => true,
        "https" => false,
        _ => return None,
    };
    let host = uri.authority()?.as_str();
    let bare = uri.path() == "/" && uri.query().is_none() && !host.contains('@');
    bare.then(|| (plain_http, host.to_ascii_lowercase()))
}
