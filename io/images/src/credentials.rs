//! Who we are to a registry: image pull secrets and entries of the registries file.
//!
//! Secrets are never printed: the types' debug output hides them.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;

use crate::reference::{DEFAULT_REGISTRY, Reference};

mod pattern;

use pattern::Pattern;

/// What proves who we are.
#[derive(Clone, PartialEq, Eq)]
pub enum Credentials {
    /// A name and a password.
    Basic {
        /// The name.
        username: String,
        /// The password.
        password: String,
    },
    /// A token that is exchanged for access at the registry's token server.
    Identity(String),
    /// A token that is sent to the registry as it is.
    Bearer(String),
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Basic { username, .. } => write!(f, "Basic({username:?})"),
            Self::Identity(_) => f.write_str("Identity"),
            Self::Bearer(_) => f.write_str("Bearer"),
        }
    }
}

/// Credentials for several registries, as pull secrets hold them.
#[derive(Clone, Debug, Default)]
pub struct Keyring {
    entries: Vec<(Pattern, Credentials)>,
}

/// Why the content of a pull secret cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeyringError {
    /// It is not JSON of the expected form.
    #[error("read the registry credentials")]
    Json(#[source] serde_json::Error),
    /// The `auth` field of one entry is not base64 of `name:password`.
    #[error("read the credentials for {registry:?}: auth must be base64 of name:password")]
    Auth {
        /// The entry.
        registry: String,
    },
}

#[derive(Deserialize)]
struct DockerConfigJson {
    #[serde(default)]
    auths: std::collections::BTreeMap<String, DockerAuth>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct DockerAuth {
    username: String,
    password: String,
    auth: String,
    identitytoken: String,
    registrytoken: String,
}

impl Keyring {
    /// Reads the `.dockerconfigjson` of a `kubernetes.io/dockerconfigjson` secret.
    ///
    /// # Errors
    /// The text is not of that form.
    pub fn from_docker_config_json(bytes: &[u8]) -> Result<Self, KeyringError> {
        let file: DockerConfigJson = serde_json::from_slice(bytes).map_err(KeyringError::Json)?;
        Self::from_auths(file.auths)
    }

    /// Reads the `.dockercfg` of a `kubernetes.io/dockercfg` secret, the older form.
    ///
    /// # Errors
    /// The text is not of that form.
    pub fn from_docker_cfg(bytes: &[u8]) -> Result<Self, KeyringError> {
        Self::from_auths(serde_json::from_slice(bytes).map_err(KeyringError::Json)?)
    }

    /// Adds what another keyring holds, after what this one holds.
    pub fn extend(&mut self, other: Self) {
        self.entries.extend(other.entries);
    }

    /// Adds credentials for a registry, perhaps with a path: `host[:port][/path]`.
    pub fn add(&mut self, registry: &str, credentials: Credentials) {
        self.entries.push((Pattern::parse(registry), credentials));
    }

    /// The credentials to try for an image, those for the longest path first.
    pub(crate) fn candidates(&self, reference: &Reference) -> Vec<Credentials> {
        let name = (reference.registry(), reference.repository());
        let mut found: Vec<_> = self
            .entries
            .iter()
            .filter(|(pattern, _)| pattern.matches(name))
            .collect();
        found.sort_by_key(|(pattern, _)| std::cmp::Reverse(pattern.depth()));
        let mut candidates: Vec<Credentials> = Vec::new();
        for (_, credentials) in found {
            if !candidates.contains(credentials) {
                candidates.push(credentials.clone());
            }
        }
        candidates
    }

    fn from_auths(
        auths: std::collections::BTreeMap<String, DockerAuth>,
    ) -> Result<Self, KeyringError> {
        let mut keyring = Self::default();
        for (registry, auth) in auths {
            if let Some(credentials) = auth.credentials(&registry)? {
                keyring.add(&registry, credentials);
            }
        }
        Ok(keyring)
    }
}

impl DockerAuth {
    fn credentials(self, registry: &str) -> Result<Option<Credentials>, KeyringError> {
        if !self.registrytoken.is_empty() {
            return Ok(Some(Credentials::Bearer(self.registrytoken)));
        }
        if !self.identitytoken.is_empty() {
            return Ok(Some(Credentials::Identity(self.identitytoken)));
        }
        if self.auth.is_empty() {
            let Self {
                username, password, ..
            } = self;
            let basic = Credentials::Basic { username, password };
            return Ok((basic != empty()).then_some(basic));
        }
        let wrong = || KeyringError::Auth {
            registry: registry.to_owned(),
        };
        let bytes = STANDARD.decode(self.auth.trim()).map_err(|_| wrong())?;
        let text = String::from_utf8(bytes).map_err(|_| wrong())?;
        let (username, password) = text.split_once(':').ok_or_else(wrong)?;
        // Some writers pad the password with zero bytes.
        let password = password.trim_end_matches('\0').to_owned();
        Ok(Some(Credentials::Basic {
            username: username.to_owned(),
            password,
        }))
    }
}

fn empty() -> Credentials {
    Credentials::Basic {
        username: String::new(),
        password: String::new(),
    }
}

/// Names under which credentials for the default registry are kept.
pub(crate) fn usual_registry(host: &str) -> &str {
    match host {
        "index.docker.io" | "registry-1.docker.io" | "registry.docker.io" => DEFAULT_REGISTRY,
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn users(json: &str, image: &str) -> Vec<String> {
        let keyring = Keyring::from_docker_config_json(json.as_bytes()).unwrap();
        let found = keyring.candidates(&image.parse().unwrap());
        found
            .iter()
            .map(|credentials| format!("{credentials:?}"))
            .collect()
    }

    #[test]
    fn the_longest_path_comes_first_and_other_registries_stay_out() {
        let json = r#"{"auths":{
            "https://index.docker.io/v1/":{"auth":"aHViOnB3"},
            "registry.example":{"username":"any","password":"p"},
            "registry.example/team":{"username":"team","password":"p"},
            "*.example":{"username":"glob","password":"p"},
            "empty.example":{}}}"#;
        assert_eq!(users(json, "nginx"), [r#"Basic("hub")"#]);
        let team = [r#"Basic("team")"#, r#"Basic("glob")"#, r#"Basic("any")"#];
        assert_eq!(users(json, "registry.example/team/x"), team);
        assert_eq!(users(json, "other.test/x"), Vec::<String>::new());
        assert_eq!(users(json, "registry.example:5000/x"), Vec::<String>::new());
    }

    #[test]
    fn secrets_do_not_show_in_debug_output() {
        let json = br#"{"auths":{"a.b":{"auth":"bmFtZTpzZWNyZXQ="}}}"#;
        let text = format!("{:?}", Keyring::from_docker_config_json(json).unwrap());
        assert!(text.contains("name") && !text.contains("secret"), "{text}");
    }

    #[test]
    fn a_broken_auth_field_names_its_registry() {
        let json = br#"{"auths":{"a.b":{"auth":"%%"}}}"#;
        let error = Keyring::from_docker_config_json(json).unwrap_err();
        assert!(matches!(error, KeyringError::Auth { registry } if registry == "a.b"));
    }
}
