//! EncryptionConfiguration v1: which resources are sealed, and with what.
//!
//! Providers that are not built here are refused by name, instead of leaving open what an operator
//! believes to be sealed.

use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use gantry_base::time::parse_duration;
use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::cipher::Seed;
use crate::error::SealingError;
use crate::limits::{ANSWER, FILE_BYTES, NAME_BYTES};
use crate::pattern::Pattern;

/// What was configured.
#[derive(Clone, Debug, Default)]
pub struct Configuration {
    pub(crate) rules: Vec<Rule>,
}

/// What is done about some resources: the first provider seals, all of them open.
#[derive(Clone, Debug)]
pub(crate) struct Rule {
    pub(crate) patterns: Vec<Pattern>,
    pub(crate) providers: Vec<Provider>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Provider {
    /// Seals nothing, and lets be read what is not sealed.
    Identity,
    Key(NamedKey),
    PlugIn(PlugIn),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NamedKey {
    pub(crate) name: String,
    pub(crate) seed: Seed,
}

/// Where a plug-in listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PlugIn {
    pub(crate) name: String,
    pub(crate) endpoint: String,
    pub(crate) timeout: Duration,
}

impl Configuration {
    /// Reads a file. It holds keys, so others than its owner may not read it.
    pub fn read(path: &Path) -> Result<Self, SealingError> {
        let failed = |source| SealingError::Read {
            path: path.to_owned(),
            source,
        };
        let is_there = |error: &io::Error| error.kind() != ErrorKind::NotFound;
        let file = File::open(path).map_err(|error| match is_there(&error) {
            true => failed(error),
            false => SealingError::Missing {
                path: path.to_owned(),
            },
        })?;
        let mode = file.metadata().map_err(failed)?.permissions().mode() & 0o777;
        if mode & 0o077 != 0 {
            let path = path.to_owned();
            return Err(SealingError::Open { path, mode });
        }
        let mut text = String::new();
        let read = file.take(FILE_BYTES).read_to_string(&mut text);
        read.map_err(failed)?;
        Self::parse(&text).map_err(|what| SealingError::Configuration {
            path: path.to_owned(),
            what,
        })
    }

    /// What `text` configures; what is wrong with it otherwise.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let file: FileForm = serde_saphyr::from_str(text).map_err(|error| error.to_string())?;
        if file.api_version != "apiserver.config.k8s.io/v1"
            || file.kind != "EncryptionConfiguration"
        {
            return Err(
                "expected kind EncryptionConfiguration of apiserver.config.k8s.io/v1".into(),
            );
        }
        let rules: Vec<Rule> = file
            .resources
            .into_iter()
            .map(rule)
            .collect::<Result<_, _>>()?;
        if rules.is_empty() {
            return Err("resources: nothing is configured".to_owned());
        }
        Ok(Self { rules })
    }

    /// The names of the keys that values were and are sealed with, the current one first.
    #[must_use]
    pub fn keys(&self) -> Vec<&str> {
        let providers = self.rules.iter().flat_map(|rule| &rule.providers);
        providers
            .filter_map(|provider| match provider {
                Provider::Key(key) => Some(key.name.as_str()),
                Provider::Identity | Provider::PlugIn(_) => None,
            })
            .collect()
    }

    /// For each rule, which resources it is for and what seals them.
    #[must_use]
    pub fn described(&self) -> Vec<(Vec<String>, String)> {
        let shown = |pattern: &Pattern| match pattern {
            Pattern::All => "*.*".to_owned(),
            Pattern::Group(group) => format!("*.{group}"),
            Pattern::One(one) => one.clone(),
        };
        let rules = self.rules.iter();
        rules
            .map(|rule| {
                let by = match rule.providers.first() {
                    Some(Provider::Key(key)) => format!("aesgcm {}", key.name),
                    Some(Provider::PlugIn(plug_in)) => format!("kms {}", plug_in.name),
                    Some(Provider::Identity) | None => "identity".to_owned(),
                };
                (rule.patterns.iter().map(shown).collect(), by)
            })
            .collect()
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct FileForm {
    api_version: String,
    kind: String,
    #[serde(default)]
    resources: Vec<RuleForm>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RuleForm {
    #[serde(default)]
    resources: Vec<String>,
    #[serde(default)]
    providers: Vec<ProviderForm>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ProviderForm {
    aesgcm: Option<KeysForm>,
    aescbc: Option<IgnoredAny>,
    secretbox: Option<IgnoredAny>,
    identity: Option<IgnoredAny>,
    kms: Option<KmsForm>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct KeysForm {
    keys: Vec<KeyForm>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct KeyForm {
    name: String,
    secret: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct KmsForm {
    api_version: Option<String>,
    name: String,
    endpoint: String,
    timeout: Option<String>,
    /// Of version 1 only, which is not built here.
    #[serde(rename = "cachesize")]
    _cache_size: Option<i64>,
}

fn rule(form: RuleForm) -> Result<Rule, String> {
    let patterns = form.resources.iter().map(|text| Pattern::read(text));
    let patterns: Vec<_> = patterns.collect::<Result<_, _>>()?;
    if patterns.is_empty() {
        return Err("resources: a rule names no resource".to_owned());
    }
    let mut providers = Vec::new();
    for one in form.providers {
        providers.extend(provider(one)?);
    }
    if providers.is_empty() {
        return Err("providers: a rule has none".to_owned());
    }
    Ok(Rule {
        patterns,
        providers,
    })
}

fn provider(form: ProviderForm) -> Result<Vec<Provider>, String> {
    let refused = |name: &str| {
        Err(format!(
            "the provider {name} is not built here; use aesgcm, kms (v2) or identity"
        ))
    };
    match form {
        ProviderForm {
            aescbc: Some(_), ..
        } => refused("aescbc"),
        ProviderForm {
            secretbox: Some(_), ..
        } => refused("secretbox"),
        ProviderForm {
            aesgcm: Some(keys),
            kms: None,
            identity: None,
            ..
        } => keys.keys.into_iter().map(key).collect(),
        ProviderForm {
            kms: Some(form),
            aesgcm: None,
            identity: None,
            ..
        } => plug_in(form).map(|one| vec![one]),
        ProviderForm {
            identity: Some(_),
            aesgcm: None,
            kms: None,
            ..
        } => Ok(vec![Provider::Identity]),
        ProviderForm { .. } => Err("providers: each names exactly one".to_owned()),
    }
}

fn key(form: KeyForm) -> Result<Provider, String> {
    let KeyForm { name, secret } = form;
    check_name(&name)?;
    let secret = STANDARD.decode(secret.trim());
    let secret = secret.map_err(|_| format!("the key {name:?}: its secret is no base64"))?;
    if ![16, 24, 32].contains(&secret.len()) {
        return Err(format!(
            "the key {name:?}: it has {} bytes, and has to have 16, 24 or 32",
            secret.len()
        ));
    }
    let seed = Seed::new(secret);
    Ok(Provider::Key(NamedKey { name, seed }))
}

fn plug_in(form: KmsForm) -> Result<Provider, String> {
    let name = form.name;
    check_name(&name)?;
    if form.api_version.as_deref() != Some("v2") {
        return Err(format!(
            "the KMS plug-in {name:?}: only apiVersion v2 is built here"
        ));
    }
    let is_socket = form
        .endpoint
        .strip_prefix("unix://")
        .is_some_and(|path| path.starts_with('/') || path.starts_with('@'));
    if !is_socket {
        return Err(format!(
            "the KMS plug-in {name:?}: its endpoint has to be unix:///PATH"
        ));
    }
    let timeout = form.timeout.as_deref().map(parse_duration).transpose();
    let timeout = timeout.map_err(|error| format!("the KMS plug-in {name:?}: {error}"))?;
    Ok(Provider::PlugIn(PlugIn {
        name,
        endpoint: form.endpoint,
        timeout: timeout.unwrap_or(ANSWER),
    }))
}

fn check_name(name: &str) -> Result<(), String> {
    if name.is_empty() || name.len() > NAME_BYTES {
        return Err(format!(
            "the name {name:?} has to have 1 to {NAME_BYTES} bytes"
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(resources: &str) -> String {
        let text = format!(
            "apiVersion: apiserver.config.k8s.io/v1\nkind: EncryptionConfiguration\nresources:\n{resources}"
        );
        match Configuration::parse(&text) {
            Ok(read) => format!("{:?}", read.described()),
            Err(what) => what,
        }
    }

    #[test]
    fn what_is_configured_is_read() {
        let said = said(
            "- resources: [secrets, '*.example.com']\n  providers:\n  - aesgcm:\n      keys:\n      - {name: a, secret: MDEyMzQ1Njc4OWFiY2RlZg==}\n  - identity: {}\n- resources: ['*.*']\n  providers:\n  - kms: {apiVersion: v2, name: v, endpoint: 'unix:///run/v.sock', timeout: 1s}\n",
        );
        assert_eq!(
            said,
            r#"[(["secrets", "*.example.com"], "aesgcm a"), (["*.*"], "kms v")]"#
        );
    }

    #[test]
    fn what_cannot_be_used_is_refused_and_says_what_to_write() {
        let provider = |text: &str| said(&format!("- resources: [a]\n  providers:\n  - {text}\n"));
        for (given, expected) in [
            (said(" []"), "nothing is configured"),
            (provider("aescbc: {keys: []}"), "aescbc is not built"),
            (provider("secretbox: {keys: []}"), "secretbox is not built"),
            (provider("aesgcm: {keys: []}"), "a rule has none"),
            (
                provider("aesgcm: {keys: [{name: a, secret: AAAA}]}"),
                "it has 3 bytes",
            ),
            (
                provider("kms: {name: v, endpoint: 'unix:///v'}"),
                "only apiVersion v2",
            ),
            (
                provider("kms: {apiVersion: v2, name: v, endpoint: 'tcp://v'}"),
                "unix:///PATH",
            ),
            (provider("rot13: {}"), "rot13"),
        ] {
            assert!(given.contains(expected), "{given}");
        }
    }
}
