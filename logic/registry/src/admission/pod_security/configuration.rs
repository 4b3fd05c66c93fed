//! What an operator wants of all pods, as the file says that configures admission.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::Value;

use super::policy::{Choice, Exemptions, Level, Policy, Standard, Version};

const PLUGIN: &str = "PodSecurity";

/// A file that does not configure admission.
#[derive(Debug, thiserror::Error)]
pub enum ConfigurationError {
    /// It has another shape.
    #[error("read an AdmissionConfiguration of apiserver.config.k8s.io/v1")]
    Shape(#[source] serde_json::Error),
    /// It is of another kind.
    #[error("understand {kind} of {version}: expected {expected}")]
    Kind {
        /// What it is.
        kind: String,
        /// In which version.
        version: String,
        /// What it should be.
        expected: &'static str,
    },
    /// It configures a plugin that has nothing to configure.
    #[error("configure the plugin {0:?}: only PodSecurity is configured in this file")]
    Plugin(String),
    /// It refers to another file.
    #[error("follow a path: write the configuration of PodSecurity into the file itself")]
    Path,
    /// It names a level or a version that does not exist.
    #[error("use defaults.{field} {value:?}: {expected}")]
    Word {
        /// Where.
        field: &'static str,
        /// What it says.
        value: String,
        /// What it could say.
        expected: &'static str,
    },
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct File {
    api_version: String,
    kind: String,
    #[serde(default)]
    plugins: Vec<Plugin>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Plugin {
    name: String,
    #[serde(default)]
    path: String,
    configuration: Option<Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct PodSecurity {
    api_version: String,
    kind: String,
    #[serde(default)]
    defaults: Defaults,
    #[serde(default)]
    exemptions: Exempt,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
struct Defaults {
    enforce: Option<String>,
    enforce_version: Option<String>,
    audit: Option<String>,
    audit_version: Option<String>,
    warn: Option<String>,
    warn_version: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
struct Exempt {
    namespaces: BTreeSet<String>,
    runtime_classes: BTreeSet<String>,
    usernames: BTreeSet<String>,
}

impl Choice {
    /// What a file says that configures admission.
    pub fn read(file: Value) -> Result<Self, ConfigurationError> {
        let file: File = serde_json::from_value(file).map_err(ConfigurationError::Shape)?;
        require(
            (&file.kind, &file.api_version),
            "AdmissionConfiguration of apiserver.config.k8s.io/v1",
        )?;
        let mut choice = Self::default();
        for plugin in file.plugins {
            if plugin.name != PLUGIN {
                return Err(ConfigurationError::Plugin(plugin.name));
            }
            if !plugin.path.is_empty() {
                return Err(ConfigurationError::Path);
            }
            if let Some(configuration) = plugin.configuration {
                choice = Self::of_plugin(configuration)?;
            }
        }
        Ok(choice)
    }

    fn of_plugin(configuration: Value) -> Result<Self, ConfigurationError> {
        let said: PodSecurity =
            serde_json::from_value(configuration).map_err(ConfigurationError::Shape)?;
        require(
            (&said.kind, &said.api_version),
            "PodSecurityConfiguration of pod-security.admission.config.k8s.io/v1",
        )?;
        let usual = &said.defaults;
        Ok(Self {
            policy: Policy {
                enforce: standard("enforce", &usual.enforce, &usual.enforce_version)?,
                audit: standard("audit", &usual.audit, &usual.audit_version)?,
                warn: standard("warn", &usual.warn, &usual.warn_version)?,
            },
            exempt: Exemptions {
                namespaces: said.exemptions.namespaces,
                runtime_classes: said.exemptions.runtime_classes,
                usernames: said.exemptions.usernames,
            },
        })
    }
}

fn require(
    (kind, version): (&str, &str),
    expected: &'static str,
) -> Result<(), ConfigurationError> {
    if format!("{kind} of {version}") == expected {
        return Ok(());
    }
    Err(ConfigurationError::Kind {
        kind: kind.to_owned(),
        version: version.to_owned(),
        expected,
    })
}

fn standard(
    field: &'static str,
    level: &Option<String>,
    version: &Option<String>,
) -> Result<Standard, ConfigurationError> {
    let (level, version) = (said(level), said(version));
    let wrong = |value: &str| {
        let value = value.to_owned();
        move |expected| ConfigurationError::Word {
            field,
            value,
            expected,
        }
    };
    Ok(Standard {
        level: level.map_or(Ok(Level::default()), |text| {
            Level::read(text).map_err(wrong(text))
        })?,
        version: version.map_or(Ok(Version::default()), |text| {
            Version::read(text).map_err(wrong(text))
        })?,
    })
}

/// What is said, if it is anything.
fn said(text: &Option<String>) -> Option<&str> {
    text.as_deref().filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn file(defaults: Value) -> Value {
        json!({
            "apiVersion": "apiserver.config.k8s.io/v1", "kind": "AdmissionConfiguration",
            "plugins": [{"name": "PodSecurity", "configuration": {
                "apiVersion": "pod-security.admission.config.k8s.io/v1",
                "kind": "PodSecurityConfiguration",
                "defaults": defaults,
                "exemptions": {"namespaces": ["kube-system"], "runtimeClasses": [], "usernames": []},
            }}],
        })
    }

    #[test]
    fn a_file_says_what_is_usual_and_what_is_exempt() {
        let said = json!({"enforce": "baseline", "enforce-version": "v1.30", "warn": ""});
        let choice = Choice::read(file(said)).unwrap();
        assert_eq!(choice.policy.enforce.to_string(), "baseline:v1.30");
        assert_eq!(choice.policy.warn.to_string(), "privileged:latest");
        assert!(choice.exempt.has_namespace("kube-system"));
    }

    #[test]
    fn a_file_that_says_something_else_is_refused() {
        let mut other = file(json!({}));
        other["plugins"][0]["name"] = json!("EventRateLimit");
        let mut of_old = file(json!({}));
        of_old["apiVersion"] = json!("v1");
        for (file, expected) in [
            (
                file(json!({"enforce": "strict"})),
                "use defaults.enforce \"strict\": must be one of privileged, baseline, restricted",
            ),
            (
                other,
                "configure the plugin \"EventRateLimit\": only PodSecurity is configured in this \
                 file",
            ),
            (
                of_old,
                "understand AdmissionConfiguration of v1: expected AdmissionConfiguration of \
                 apiserver.config.k8s.io/v1",
            ),
        ] {
            assert_eq!(Choice::read(file).unwrap_err().to_string(), expected);
        }
    }
}
