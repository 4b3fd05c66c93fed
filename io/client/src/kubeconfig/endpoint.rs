//! From names to an address and credentials.

use std::fs;
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::Uri;
use serde_json::Value;

use super::{Kubeconfig, KubeconfigError, find};

/// Where stock clients go when nothing is configured.
const UNCONFIGURED: &str = "http://localhost:8080";

/// A server, and as whom to speak to it.
#[derive(Clone, Default)]
pub struct Endpoint {
    /// Host name or address.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// A socket of this machine that is spoken to instead of a host.
    pub socket: Option<PathBuf>,
    /// Whether to use TLS.
    pub secure: bool,
    /// What comes before every path; empty or without a slash at its end.
    pub prefix: String,
    /// The namespace of the context; empty when it has none.
    pub namespace: String,
    /// The certificate authority to trust, in PEM; else those of the machine.
    pub authority_certificate: Option<Vec<u8>>,
    /// Client certificate and key, in PEM.
    pub client_certificate: Option<(Vec<u8>, Vec<u8>)>,
    /// The name the server's certificate is checked for, when it is not the host.
    pub tls_server_name: Option<String>,
    /// Whether any certificate will do.
    pub insecure: bool,
    /// A bearer token.
    pub token: Option<String>,
    /// User name and password.
    pub basic: Option<(String, String)>,
    /// The user to act as.
    pub impersonate: Option<String>,
    /// The groups to act in.
    pub impersonate_groups: Vec<String>,
}

/// What the command line says instead of the files.
#[derive(Clone, Debug, Default)]
pub struct Overrides {
    /// `--context`.
    pub context: Option<String>,
    /// `--cluster`.
    pub cluster: Option<String>,
    /// `--user`.
    pub user: Option<String>,
    /// `--server`.
    pub server: Option<String>,
    /// `--token`.
    pub token: Option<String>,
    /// `--insecure-skip-tls-verify`.
    pub insecure: bool,
    /// `--tls-server-name`.
    pub tls_server_name: Option<String>,
    /// `--certificate-authority`.
    pub authority: Option<String>,
    /// `--as`.
    pub impersonate: Option<String>,
    /// `--as-group`.
    pub impersonate_groups: Vec<String>,
}

impl std::fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Endpoint")
            .field("host", &self.host)
            .field("port", &self.port)
            .finish_non_exhaustive()
    }
}

impl Endpoint {
    /// Host and port, as in a URL.
    #[must_use]
    pub fn authority(&self) -> String {
        if self.host.contains(':') {
            format!("[{}]:{}", self.host, self.port)
        } else {
            format!("{}:{}", self.host, self.port)
        }
    }

    /// The address as users write it.
    #[must_use]
    pub fn url(&self) -> String {
        let scheme = if self.secure { "https" } else { "http" };
        format!("{scheme}://{}{}", self.authority(), self.prefix)
    }

    pub(crate) fn authorization(&self) -> Option<String> {
        if let Some(token) = &self.token {
            return Some(format!("Bearer {token}"));
        }
        let (user, password) = self.basic.as_ref()?;
        Some(format!(
            "Basic {}",
            STANDARD.encode(format!("{user}:{password}"))
        ))
    }

    fn at(server: &str) -> Result<Self, KubeconfigError> {
        let wrong = |detail: String| KubeconfigError::unusable("server", server, detail);
        if let Some(path) = server.strip_prefix("unix://") {
            if !path.starts_with('/') {
                return Err(wrong("expected unix:///PATH".to_owned()));
            }
            return Ok(Self {
                host: "localhost".to_owned(),
                port: 80,
                socket: Some(path.into()),
                ..Self::default()
            });
        }
        let full = if server.contains("://") {
            server.to_owned()
        } else {
            format!("http://{server}")
        };
        let uri: Uri = full.parse().map_err(|error| wrong(format!("{error}")))?;
        let secure = match uri.scheme_str() {
            Some("https") => true,
            Some("http") => false,
            _ => return Err(wrong("expected https:// or http://".to_owned())),
        };
        let host = uri
            .host()
            .ok_or_else(|| wrong("there is no host in it".to_owned()))?;
        Ok(Self {
            host: host.trim_matches(['[', ']']).to_owned(),
            port: uri.port_u16().unwrap_or(if secure { 443 } else { 80 }),
            secure,
            prefix: uri.path().trim_end_matches('/').to_owned(),
            ..Self::default()
        })
    }
}

impl Kubeconfig {
    /// Whom to ask, as whom, when `overrides` are given.
    pub fn endpoint(&self, overrides: &Overrides) -> Result<Endpoint, KubeconfigError> {
        let all = self.merged();
        let current = self.current_context();
        let context = match overrides.context.as_deref().or(current) {
            Some(name) => {
                let entry = find(&all["contexts"], name);
                let absent = || absent("context", name);
                entry.ok_or_else(absent)?["context"].clone()
            }
            None => Value::Null,
        };
        let named = |given: &Option<String>, field: &str| {
            given
                .clone()
                .or_else(|| context[field].as_str().map(str::to_owned))
        };
        let cluster = part(
            &all,
            "clusters",
            "cluster",
            named(&overrides.cluster, "cluster"),
        )?;
        let user = part(&all, "users", "user", named(&overrides.user, "user"))?;
        let configured = cluster["server"]
            .as_str()
            .filter(|server| !server.is_empty());
        let server = overrides.server.as_deref().or(configured);
        let mut endpoint = Endpoint::at(server.unwrap_or(UNCONFIGURED))?;
        endpoint.namespace = text(&context, "namespace").unwrap_or_default();
        trust(&mut endpoint, &cluster, overrides)?;
        identify(&mut endpoint, &user, overrides)?;
        Ok(endpoint)
    }
}

fn absent(what: &'static str, name: &str) -> KubeconfigError {
    let name = name.to_owned();
    KubeconfigError::Absent { what, name }
}

fn part(
    all: &Value,
    list: &str,
    field: &'static str,
    name: Option<String>,
) -> Result<Value, KubeconfigError> {
    let Some(name) = name.filter(|name| !name.is_empty()) else {
        return Ok(Value::Null);
    };
    let what = if field == "user" { "auth info" } else { field };
    let entry = find(&all[list], &name).ok_or_else(|| absent(what, &name))?;
    Ok(entry[field].clone())
}

fn text(tree: &Value, field: &str) -> Option<String> {
    let text = tree[field].as_str().filter(|text| !text.is_empty());
    text.map(str::to_owned)
}

fn trust(
    endpoint: &mut Endpoint,
    cluster: &Value,
    overrides: &Overrides,
) -> Result<(), KubeconfigError> {
    endpoint.insecure = overrides.insecure
        || cluster["insecure-skip-tls-verify"]
            .as_bool()
            .unwrap_or(false);
    let name = overrides.tls_server_name.clone();
    endpoint.tls_server_name = name.or_else(|| text(cluster, "tls-server-name"));
    endpoint.authority_certificate = match &overrides.authority {
        Some(path) => Some(read(path)?),
        None => content(cluster, "certificate-authority")?,
    };
    if text(cluster, "proxy-url").is_some() {
        let detail = "proxy-url is not supported yet: remove it, or use a direct address";
        return Err(KubeconfigError::unusable(
            "cluster",
            &endpoint.url(),
            detail,
        ));
    }
    Ok(())
}

fn identify(
    endpoint: &mut Endpoint,
    user: &Value,
    overrides: &Overrides,
) -> Result<(), KubeconfigError> {
    let refused = ["exec", "auth-provider"]
        .into_iter()
        .find(|field| !user[*field].is_null());
    if let (Some(field), None) = (refused, &overrides.token) {
        let detail = "credential plugins are not supported yet: use a token or a certificate";
        return Err(KubeconfigError::unusable("credentials", field, detail));
    }
    let certificate = content(user, "client-certificate")?;
    endpoint.client_certificate = certificate.zip(content(user, "client-key")?);
    endpoint.token = match (
        &overrides.token,
        text(user, "token"),
        text(user, "tokenFile"),
    ) {
        (Some(token), _, _) => Some(token.clone()),
        (None, _, Some(path)) => {
            let token = read(&path)?;
            Some(String::from_utf8_lossy(&token).trim().to_owned())
        }
        (None, token, None) => token,
    };
    endpoint.basic = text(user, "username").zip(text(user, "password"));
    endpoint.impersonate = overrides.impersonate.clone().or_else(|| text(user, "as"));
    endpoint
        .impersonate_groups
        .clone_from(&overrides.impersonate_groups);
    Ok(())
}

/// The content of a field that holds data, or of the file that it names.
fn content(tree: &Value, field: &'static str) -> Result<Option<Vec<u8>>, KubeconfigError> {
    if let Some(data) = text(tree, &format!("{field}-data")) {
        let letters: String = data.split_ascii_whitespace().collect();
        let decoded = STANDARD.decode(letters);
        let wrong = |error| KubeconfigError::unusable(field, "data", format!("{error}"));
        return decoded.map(Some).map_err(wrong);
    }
    text(tree, field).map(|path| read(&path)).transpose()
}

fn read(path: &str) -> Result<Vec<u8>, KubeconfigError> {
    let path = Path::new(path);
    fs::read(path).map_err(|error| KubeconfigError::file("read", path, error))
}
