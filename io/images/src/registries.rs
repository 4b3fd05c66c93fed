//! How to reach registries: the registries file.
//!
//! The file is YAML; a missing file means that every registry is reached in the usual way:
//! `docker.io` at its published host, registries on a loopback address in plain HTTP, all others
//! with TLS on the port in their name. Each entry is named as in image names:
//!
//! ```yaml
//! registries:
//!   docker.io:
//!     mirrors: ["https://mirror.example", "http://10.0.0.5:5000"]  # tried first, in this order
//!   registry.example:5000:
//!     plainHttp: true           # no TLS
//!   private.example:
//!     ca: /etc/ssl/private.pem  # certificates to trust besides the machine's own
//!     username: reader          # used when the pod brings no credentials of its own
//!     password: secret
//!   10.0.0.5:5000:              # a mirror takes its credentials and `ca` from its own entry
//!     username: cache
//!     password: secret
//! ```
//!
//! Fields that are not listed here are refused. Certificates are read when the file is.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::{fs, io};

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::{self, PemObject};
use serde::Deserialize;

use crate::credentials::Credentials;
use crate::reference::{DEFAULT_REGISTRY, Reference};

mod endpoint;

pub(crate) use endpoint::{Endpoint, is_loopback};

/// Where the default registry really answers.
const DEFAULT_REGISTRY_HOST: &str = "registry-1.docker.io";

/// How to reach each registry that needs something special.
#[derive(Clone, Debug, Default)]
pub struct Registries {
    entries: BTreeMap<String, Entry>,
}

/// Why the registries file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum RegistriesError {
    /// The file, or one that it names, cannot be read.
    #[error("read {path}")]
    Read {
        /// Which file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The text is not of the expected form.
    #[error("read the registries file")]
    Parse(#[source] Box<serde_saphyr::Error>),
    /// A mirror is not an address.
    #[error(
        "use mirror {mirror:?} of {registry}: it must be http:// or https://, a host, and perhaps a port"
    )]
    Mirror {
        /// Which registry's.
        registry: String,
        /// What is there.
        mirror: String,
    },
    /// A certificate file holds no certificate.
    #[error("read certificates from {path}")]
    Certificates {
        /// Which file.
        path: PathBuf,
        /// What is wrong, if it is more than that nothing was found.
        source: pem::Error,
    },
    /// Only one of name and password is given.
    #[error("use the credentials of {registry}: give both username and password, or neither")]
    Credentials {
        /// Which registry's.
        registry: String,
    },
}

#[derive(Clone, Debug, Default)]
struct Entry {
    mirrors: Vec<(bool, String)>,
    plain_http: Option<bool>,
    ca: Vec<CertificateDer<'static>>,
    credentials: Option<Credentials>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileText {
    #[serde(default)]
    registries: BTreeMap<String, EntryText>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
struct EntryText {
    mirrors: Vec<String>,
    plain_http: Option<bool>,
    ca: Option<PathBuf>,
    username: Option<String>,
    password: Option<String>,
}

impl Registries {
    /// Reads the file. One that does not exist gives the usual ways.
    ///
    /// # Errors
    /// The file cannot be read, or something in it is wrong.
    pub fn load(path: &Path) -> Result<Self, RegistriesError> {
        match fs::read_to_string(path) {
            Ok(text) => Self::parse(&text),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Self::default()),
            Err(source) => Err(RegistriesError::Read {
                path: path.to_owned(),
                source,
            }),
        }
    }

    /// Reads the text of a registries file.
    ///
    /// # Errors
    /// Something in it is wrong, or a file that it names cannot be read.
    pub fn parse(text: &str) -> Result<Self, RegistriesError> {
        if text.trim().is_empty() {
            return Ok(Self::default());
        }
        let file: FileText = serde_saphyr::from_str(text)
            .map_err(|error| RegistriesError::Parse(Box::new(error)))?;
        let entries = file.registries.into_iter().map(|(registry, text)| {
            let entry = text.checked(&registry)?;
            Ok((registry.to_ascii_lowercase(), entry))
        });
        Ok(Self {
            entries: entries.collect::<Result<_, _>>()?,
        })
    }

    /// Where to ask for an image: the mirrors in order, then the registry itself.
    pub(crate) fn endpoints(&self, reference: &Reference) -> Vec<Endpoint> {
        let registry = reference.registry();
        let mirrors = self
            .entries
            .get(registry)
            .map_or(&[][..], |entry| &entry.mirrors);
        let mirrors = mirrors.iter().map(|(plain_http, host)| {
            let base = self.endpoint(host, host);
            Endpoint {
                plain_http: *plain_http,
                ..base
            }
        });
        let host = if registry == DEFAULT_REGISTRY {
            DEFAULT_REGISTRY_HOST
        } else {
            registry
        };
        mirrors.chain([self.endpoint(registry, host)]).collect()
    }

    fn endpoint(&self, name: &str, host: &str) -> Endpoint {
        let entry = self.entries.get(name).cloned().unwrap_or_default();
        let plain_http = entry.plain_http.unwrap_or_else(|| is_loopback(host));
        Endpoint {
            name: name.to_owned(),
            host: host.to_owned(),
            plain_http,
            ca: entry.ca,
            credentials: entry.credentials,
        }
    }
}

impl EntryText {
    fn checked(self, registry: &str) -> Result<Entry, RegistriesError> {
        let registry = registry.to_owned();
        let credentials = match (self.username, self.password) {
            (Some(username), Some(password)) => Some(Credentials::Basic { username, password }),
            (None, None) => None,
            _ => return Err(RegistriesError::Credentials { registry }),
        };
        let mirror = |mirror: String| {
            endpoint::parse_address(&mirror).ok_or_else(|| RegistriesError::Mirror {
                registry: registry.clone(),
                mirror,
            })
        };
        let mirrors = self
            .mirrors
            .into_iter()
            .map(mirror)
            .collect::<Result<_, _>>()?;
        let ca = self
            .ca
            .as_deref()
            .map(certificates)
            .transpose()?
            .unwrap_or_default();
        Ok(Entry {
            mirrors,
            plain_http: self.plain_http,
            ca,
            credentials,
        })
    }
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, RegistriesError> {
    let text = fs::read(path).map_err(|source| RegistriesError::Read {
        path: path.to_owned(),
        source,
    })?;
    let wrong = |source| RegistriesError::Certificates {
        path: path.to_owned(),
        source,
    };
    let found: Vec<_> = CertificateDer::pem_slice_iter(&text)
        .collect::<Result<_, _>>()
        .map_err(wrong)?;
    if found.is_empty() {
        Err(wrong(pem::Error::NoItemsFound))
    } else {
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ways(text: &str, image: &str) -> Vec<String> {
        let endpoints = Registries::parse(text)
            .unwrap()
            .endpoints(&image.parse().unwrap());
        endpoints.iter().map(Endpoint::address).collect()
    }

    #[test]
    fn mirrors_come_first_and_the_registry_last() {
        let text = "registries:\n  docker.io:\n    mirrors: ['http://10.0.0.5:5000', 'https://m.example']\n";
        let expected = [
            "http://10.0.0.5:5000",
            "https://m.example",
            "https://registry-1.docker.io",
        ];
        assert_eq!(ways(text, "nginx"), expected);
    }

    #[test]
    fn loopback_is_plain_unless_told_otherwise() {
        assert_eq!(ways("", "localhost:5000/x"), ["http://localhost:5000"]);
        assert_eq!(ways("", "127.0.0.9:5000/x"), ["http://127.0.0.9:5000"]);
        assert_eq!(ways("", "r.example:5000/x"), ["https://r.example:5000"]);
        let tls = "registries: {'localhost:5000': {plainHttp: false}}";
        assert_eq!(ways(tls, "localhost:5000/x"), ["https://localhost:5000"]);
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        let unknown = "registries: {a.b: {insecure: true}}";
        assert!(matches!(
            Registries::parse(unknown),
            Err(RegistriesError::Parse(_))
        ));
        let mirror = "registries: {a.b: {mirrors: ['m.example']}}";
        assert!(matches!(
            Registries::parse(mirror),
            Err(RegistriesError::Mirror { .. })
        ));
        let half = "registries: {a.b: {username: x}}";
        assert!(matches!(
            Registries::parse(half),
            Err(RegistriesError::Credentials { .. })
        ));
    }
}
