//! What a service account token says.
//!
//! The names of the claims are the wire's; pods and other clusters read them.

use std::time::Duration;

use gantry_base::Timestamp;
use serde::{Deserialize, Serialize};

use crate::token::ISSUER;

/// An object that a token is bound to: when it is gone, so is the token.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BoundObject {
    /// Its name.
    pub name: String,
    /// Its uid; a namesake that came later does not count.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub uid: String,
}

/// The part of the claims that only Kubernetes understands.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct KubernetesClaims {
    /// The namespace of the service account.
    pub namespace: String,
    /// The service account.
    pub serviceaccount: BoundObject,
    /// The pod that the token was mounted into.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pod: Option<BoundObject>,
    /// The node of that pod.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node: Option<BoundObject>,
    /// The secret that the token is bound to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<BoundObject>,
    /// When a client that still uses the token is behind with its renewal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub warnafter: Option<i64>,
}

/// All claims of a token; times are seconds since the epoch.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    /// For whom it is meant.
    pub aud: Vec<String>,
    /// When it ends.
    pub exp: i64,
    /// When it was made.
    pub iat: i64,
    /// Who made it.
    pub iss: String,
    /// Its own identifier.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jti: Option<String>,
    /// Whom it speaks for, and what it is bound to.
    #[serde(rename = "kubernetes.io")]
    pub kubernetes: KubernetesClaims,
    /// From when on it counts.
    pub nbf: i64,
    /// The user name.
    pub sub: String,
}

impl Claims {
    /// Claims for a service account, good for `audiences` (the API server, when there are none)
    /// from `now` on for `ttl`.
    #[must_use]
    pub fn new(
        bound: KubernetesClaims,
        audiences: Vec<String>,
        ttl: Duration,
        now: Timestamp,
    ) -> Self {
        let name = &bound.serviceaccount.name;
        let second = now.as_second();
        let life = i64::try_from(ttl.as_secs()).unwrap_or(i64::MAX);
        Self {
            aud: if audiences.is_empty() {
                vec![ISSUER.to_owned()]
            } else {
                audiences
            },
            exp: second.saturating_add(life),
            iat: second,
            iss: ISSUER.to_owned(),
            jti: None,
            sub: format!("system:serviceaccount:{}:{name}", bound.namespace),
            nbf: second,
            kubernetes: bound,
        }
    }
}
