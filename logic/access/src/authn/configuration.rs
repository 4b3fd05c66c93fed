//! `AuthenticationConfiguration`: the file that says whom to believe outside of the cluster.

use serde::Deserialize;

/// The group of such files.
const GROUP: &str = "apiserver.config.k8s.io";
/// The versions that are read; they say the same.
const VERSIONS: [&str; 3] = ["v1", "v1alpha1", "v1beta1"];
/// How many issuers there may be.
const ISSUERS: usize = 64;

/// Whom to believe.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AuthenticationConfiguration {
    #[serde(rename = "apiVersion")]
    api_version: String,
    kind: String,
    /// Issuers of tokens.
    #[serde(default)]
    pub jwt: Vec<Jwt>,
    /// What those may do who show nothing.
    #[serde(default)]
    pub anonymous: Option<Anonymous>,
}

/// What those may do who show nothing.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Anonymous {
    /// Whether they may ask at all.
    pub enabled: bool,
    /// For which paths; all when there are none.
    #[serde(default)]
    pub conditions: Vec<PathCondition>,
}

/// A path.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PathCondition {
    /// The whole path.
    pub path: String,
}

/// An issuer and what its tokens mean here.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Jwt {
    /// Who it is.
    pub issuer: IssuerPart,
    /// What must hold for claims.
    #[serde(default)]
    pub claim_validation_rules: Vec<ClaimRule>,
    /// What claims become.
    pub claim_mappings: Mappings,
    /// What must hold for the user that they become.
    #[serde(default)]
    pub user_validation_rules: Vec<UserRule>,
}

/// Who an issuer is.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct IssuerPart {
    /// What its tokens call it.
    pub url: String,
    /// Where it is asked for its keys, when that is not below its URL.
    #[serde(default, rename = "discoveryURL")]
    pub discovery_url: String,
    /// Who vouches for it, in PEM.
    #[serde(default)]
    pub certificate_authority: String,
    /// For whom its tokens must be meant.
    pub audiences: Vec<String>,
    /// `MatchAny`, when there are several.
    #[serde(default)]
    pub audience_match_policy: String,
}

/// What must hold for claims: a claim with a value, or an expression.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct ClaimRule {
    /// The claim.
    pub claim: String,
    /// Its value.
    pub required_value: String,
    /// The expression, over `claims`.
    pub expression: String,
    /// What to say when it is not true.
    pub message: String,
}

/// What must hold for a user.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UserRule {
    /// The expression, over `user`.
    pub expression: String,
    /// What to say when it is not true.
    #[serde(default)]
    pub message: String,
}

/// What claims become.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mappings {
    /// The user's name.
    pub username: Prefixed,
    /// The user's groups.
    #[serde(default)]
    pub groups: Prefixed,
    /// The user's identifier.
    #[serde(default)]
    pub uid: Plain,
    /// Whatever else is known of the user.
    #[serde(default)]
    pub extra: Vec<Extra>,
}

/// A claim with something before its value, or an expression.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Prefixed {
    /// The claim.
    pub claim: String,
    /// What comes before its value.
    pub prefix: Option<String>,
    /// The expression, over `claims`.
    pub expression: String,
}

/// A claim, or an expression.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Plain {
    /// The claim.
    pub claim: String,
    /// The expression, over `claims`.
    pub expression: String,
}

/// A further thing that is known of a user.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Extra {
    /// What it is called: a path below a domain.
    pub key: String,
    /// The expression, over `claims`.
    pub value_expression: String,
}

/// What is wrong with a configuration.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigurationError {
    /// It is of another kind.
    #[error("read {found:?}: expected apiVersion {GROUP}/v1 and kind AuthenticationConfiguration")]
    Kind {
        /// Which.
        found: String,
    },
    /// A field is not as it should be.
    #[error("use {field} {value:?}: {detail}")]
    Field {
        /// Which.
        field: &'static str,
        /// What it says.
        value: String,
        /// What is wrong.
        detail: String,
    },
}

pub(crate) fn wrong(
    field: &'static str,
    value: &str,
    detail: impl Into<String>,
) -> ConfigurationError {
    ConfigurationError::Field {
        field,
        value: value.to_owned(),
        detail: detail.into(),
    }
}

impl AuthenticationConfiguration {
    /// Checks what can be seen without looking into expressions.
    pub fn check(&self) -> Result<(), ConfigurationError> {
        let version = self.api_version.strip_prefix(GROUP);
        let version = version.and_then(|rest| rest.strip_prefix('/'));
        if !version.is_some_and(|version| VERSIONS.contains(&version))
            || self.kind != "AuthenticationConfiguration"
        {
            let found = format!("{} {}", self.api_version, self.kind);
            return Err(ConfigurationError::Kind { found });
        }
        if self.jwt.len() > ISSUERS {
            let detail = format!("at most {ISSUERS} issuers");
            return Err(wrong("jwt", &self.jwt.len().to_string(), detail));
        }
        for (index, jwt) in self.jwt.iter().enumerate() {
            let url = &jwt.issuer.url;
            if self.jwt[..index]
                .iter()
                .any(|other| other.issuer.url == *url)
            {
                return Err(wrong("issuer.url", url, "another issuer has it already"));
            }
        }
        let anonymous = self.anonymous.as_ref();
        if anonymous.is_some_and(|own| !own.enabled && !own.conditions.is_empty()) {
            return Err(wrong("anonymous.enabled", "false", "there are conditions"));
        }
        Ok(())
    }
}

impl Default for Anonymous {
    fn default() -> Self {
        Self {
            enabled: true,
            conditions: Vec::new(),
        }
    }
}

impl Anonymous {
    /// Whether somebody who shows nothing may ask for `path`.
    #[must_use]
    pub fn allows(&self, path: &str) -> bool {
        let paths = &self.conditions;
        self.enabled && (paths.is_empty() || paths.iter().any(|own| own.path == path))
    }
}
