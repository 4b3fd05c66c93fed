//! Where an etcd is and as whom we speak to it, as operators write it.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use gantry_store::{Plain, Seal};

use crate::limits::{COMPACT_EVERY, NUDGE, PREFIX_BYTES};

/// Where our keys lie unless somebody says otherwise.
pub const PREFIX: &str = "/gantry/";

/// Where an etcd is, and as whom we speak to it.
#[derive(Clone, Debug)]
pub struct EtcdConfig {
    /// Where its members answer, tried in turn.
    pub endpoints: Vec<String>,
    /// The authority that vouches for them, in PEM [default: those the machine trusts].
    pub ca_file: Option<PathBuf>,
    /// Our certificate and its key, in PEM.
    pub identity: Option<(PathBuf, PathBuf)>,
    /// Where our keys lie; ends with a slash.
    pub prefix: String,
    /// How often old history is compacted away.
    pub compact_every: Duration,
    /// How long the copy waits for what it has not heard of, before it makes etcd say something.
    pub nudge: Duration,
    /// What becomes of values on their way to etcd.
    pub seal: Arc<dyn Seal>,
}

/// What is wrong with the description of an etcd.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// Nothing is there.
    #[error("name at least one endpoint, such as https://10.0.0.5:2379")]
    Empty,
    /// It is no address of a member.
    #[error("{endpoint:?} is no endpoint of etcd: write https://HOST:PORT or http://HOST:PORT")]
    Endpoint {
        /// What was written.
        endpoint: String,
    },
    /// It is another kind of database.
    #[error("{endpoint:?}: etcd is the only datastore besides the embedded one")]
    Database {
        /// What was written.
        endpoint: String,
    },
    /// Half of an identity.
    #[error("a certificate and its key belong together: give both, or neither")]
    HalfIdentity,
    /// Files for TLS without TLS.
    #[error("{endpoint:?} is not spoken to over TLS, so certificates mean nothing: write https://")]
    PlainWithFiles {
        /// Which endpoint.
        endpoint: String,
    },
    /// The prefix cannot be used.
    #[error(
        "the prefix {prefix:?} has to begin with a slash and have at most {PREFIX_BYTES} bytes"
    )]
    Prefix {
        /// What was written.
        prefix: String,
    },
}

impl EtcdConfig {
    /// The etcd at `endpoints`, separated by commas; the files are for TLS.
    pub fn new(
        endpoints: &str,
        ca_file: Option<PathBuf>,
        certificate: Option<PathBuf>,
        key: Option<PathBuf>,
    ) -> Result<Self, ConfigError> {
        let endpoints: Vec<String> = endpoints
            .split(',')
            .map(|endpoint| endpoint.trim().trim_end_matches('/').to_owned())
            .filter(|endpoint| !endpoint.is_empty())
            .collect();
        if endpoints.is_empty() {
            return Err(ConfigError::Empty);
        }
        endpoints.iter().try_for_each(|one| check_endpoint(one))?;
        let identity = match (certificate, key) {
            (Some(certificate), Some(key)) => Some((certificate, key)),
            (None, None) => None,
            _ => return Err(ConfigError::HalfIdentity),
        };
        let plain = endpoints.iter().find(|one| !one.starts_with("https://"));
        if let (Some(plain), true) = (plain, ca_file.is_some() || identity.is_some()) {
            let endpoint = plain.clone();
            return Err(ConfigError::PlainWithFiles { endpoint });
        }
        Ok(Self {
            endpoints,
            ca_file,
            identity,
            prefix: PREFIX.to_owned(),
            compact_every: COMPACT_EVERY,
            nudge: NUDGE,
            seal: Arc::new(Plain),
        })
    }

    /// The same, with our keys below `prefix`.
    pub fn below(mut self, prefix: &str) -> Result<Self, ConfigError> {
        let prefix = format!("{}/", prefix.trim_end_matches('/'));
        if !prefix.starts_with('/') || prefix.len() > PREFIX_BYTES {
            return Err(ConfigError::Prefix { prefix });
        }
        self.prefix = prefix;
        Ok(self)
    }
}

fn check_endpoint(endpoint: &str) -> Result<(), ConfigError> {
    let wrong = || ConfigError::Endpoint {
        endpoint: endpoint.to_owned(),
    };
    let (scheme, authority) = endpoint.split_once("://").ok_or_else(wrong)?;
    if !matches!(scheme, "http" | "https") {
        let is_database = ["mysql", "nats", "postgres", "postgresql", "sqlite"].contains(&scheme);
        let endpoint = endpoint.to_owned();
        return Err(if is_database {
            ConfigError::Database { endpoint }
        } else {
            ConfigError::Endpoint { endpoint }
        });
    }
    let (host, port) = authority.rsplit_once(':').ok_or_else(wrong)?;
    let is_good = !host.is_empty() && !authority.contains('/') && port.parse::<u16>().is_ok();
    is_good.then_some(()).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(endpoints: &str, files: [Option<&str>; 3]) -> String {
        let [ca, certificate, key] = files.map(|file| file.map(PathBuf::from));
        match EtcdConfig::new(endpoints, ca, certificate, key) {
            Ok(config) => config.endpoints.join(" "),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn endpoints_are_separated_by_commas() {
        let said = said(" https://a:2379, https://[::1]:2379/,", [None; 3]);
        assert_eq!(said, "https://a:2379 https://[::1]:2379");
    }

    #[test]
    fn what_is_wrong_is_said_with_what_to_write() {
        let none = [None; 3];
        for (endpoints, files, expected) in [
            (",", none, "name at least one endpoint"),
            (
                "a:2379",
                none,
                "\"a:2379\" is no endpoint of etcd: write https://HOST:PORT",
            ),
            ("https://a", none, "\"https://a\" is no endpoint"),
            ("https://a:2379/x", none, "is no endpoint"),
            (
                "postgres://u@h/db",
                none,
                "etcd is the only datastore besides the embedded one",
            ),
            ("https://a:1", [None, Some("c"), None], "belong together"),
            (
                "https://a:1,http://b:1",
                [Some("ca"), None, None],
                "\"http://b:1\" is not spoken",
            ),
        ] {
            let said = said(endpoints, files);
            assert!(said.contains(expected), "{said}");
        }
    }

    #[test]
    fn a_prefix_is_a_path() {
        let config = EtcdConfig::new("http://a:1", None, None, None).unwrap();
        let below = |prefix| config.clone().below(prefix).map(|config| config.prefix);
        assert_eq!(below("/a/b"), Ok("/a/b/".to_owned()));
        assert!(below("a").is_err());
        assert!(below(&format!("/{}", "x".repeat(64))).is_err());
    }
}
