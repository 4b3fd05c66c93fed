//! Public keys of others, and whether a token was signed with one of them.
//!
//! A key says what it is for; a token that names another way of signing than its key has, such as
//! one with a secret that everybody knows, is refused. What a token says is not judged here.

use std::fmt;

use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, JwkSet, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey};
use serde_json::{Map, Value};

use crate::PkiError;
use crate::limits::{FOREIGN_KEYS, TOKEN_BYTES};
use crate::token::signature_only;

/// Public keys, each perhaps with a name.
pub struct Jwks {
    keys: Vec<Key>,
}

struct Key {
    id: Option<String>,
    kind: Kind,
    /// The one algorithm that it is for, if it says so.
    only: Option<String>,
    check: DecodingKey,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Rsa,
    P256,
    P384,
}

/// Why a token does not come from who has the keys.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JwsError {
    /// It is no token.
    #[error("accept the token: it cannot be read")]
    Malformed,
    /// It is signed in a way that is not accepted.
    #[error("accept the token: it is signed with {found}")]
    Algorithm {
        /// How.
        found: String,
    },
    /// It is signed with a key that is not among these.
    #[error("accept the token: nobody knows its key {id:?}")]
    UnknownKey {
        /// What it calls the key.
        id: String,
    },
    /// The signature is wrong.
    #[error("accept the token: its signature is wrong")]
    Signature,
}

/// What a token claims to be the issuer of it, before anything is checked.
#[must_use]
pub fn claimed_issuer(token: &str) -> Option<String> {
    use base64::Engine as _;
    let payload = token
        .split('.')
        .nth(1)
        .filter(|_| token.len() <= TOKEN_BYTES)?;
    let payload = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(payload);
    let claims: Value = serde_json::from_slice(&payload.ok()?).ok()?;
    claims.get("iss")?.as_str().map(str::to_owned)
}

impl Jwks {
    /// The keys that a document lists. What is not for signatures, or of a kind that is not
    /// known, is left out.
    pub fn read(text: &[u8]) -> Result<Self, PkiError> {
        let malformed = |error: &dyn fmt::Display| PkiError::Malformed {
            what: format!("a list of keys: {error}"),
        };
        let tree: Value = serde_json::from_slice(text).map_err(|error| malformed(&error))?;
        let listed = tree.get("keys").and_then(Value::as_array);
        let listed = listed.ok_or_else(|| malformed(&"there are no keys in it"))?;
        let jwks = listed.iter().take(FOREIGN_KEYS);
        let jwks = jwks.filter_map(|key| serde_json::from_value::<Jwk>(key.clone()).ok());
        let set = JwkSet {
            keys: jwks.collect(),
        };
        Ok(Self {
            keys: set.keys.iter().filter_map(Key::read).collect(),
        })
    }

    /// What `token` says, if it was signed with one of the keys, by one of `algorithms`.
    pub fn verify(
        &self,
        token: &str,
        algorithms: &[String],
    ) -> Result<Map<String, Value>, JwsError> {
        if token.len() > TOKEN_BYTES {
            return Err(JwsError::Malformed);
        }
        let header = jsonwebtoken::decode_header(token).map_err(|_| JwsError::Malformed)?;
        let found = format!("{:?}", header.alg);
        let kind = kind(header.alg).filter(|_| algorithms.contains(&found));
        let Some(kind) = kind else {
            return Err(JwsError::Algorithm { found });
        };
        let named = |key: &&Key| header.kid.is_none() || key.id == header.kid;
        let mut keys = self.keys.iter().filter(named).peekable();
        if keys.peek().is_none() {
            let id = header.kid.unwrap_or_default();
            return Err(JwsError::UnknownKey { id });
        }
        let fits =
            |key: &&Key| key.kind == kind && key.only.as_ref().is_none_or(|only| *only == found);
        let mut fitting = keys.filter(fits).peekable();
        if fitting.peek().is_none() {
            return Err(JwsError::Algorithm { found });
        }
        let validation = signature_only(header.alg);
        fitting
            .find_map(|key| jsonwebtoken::decode(token, &key.check, &validation).ok())
            .map(|decoded| decoded.claims)
            .ok_or(JwsError::Signature)
    }
}

impl Key {
    fn read(key: &Jwk) -> Option<Self> {
        let common = &key.common;
        let is_for_signatures = |own: &PublicKeyUse| *own == PublicKeyUse::Signature;
        if !common.public_key_use.as_ref().is_none_or(is_for_signatures) {
            return None;
        }
        let kind = match &key.algorithm {
            AlgorithmParameters::RSA(_) => Kind::Rsa,
            AlgorithmParameters::EllipticCurve(curve) => match curve.curve {
                EllipticCurve::P256 => Kind::P256,
                EllipticCurve::P384 => Kind::P384,
                EllipticCurve::P521 | EllipticCurve::Ed25519 => return None,
            },
            AlgorithmParameters::OctetKeyPair(_) | AlgorithmParameters::OctetKey(_) => return None,
        };
        Some(Self {
            id: common.key_id.clone(),
            kind,
            only: common.key_algorithm.map(|own| own.to_string()),
            check: DecodingKey::from_jwk(key).ok()?,
        })
    }
}

/// The kind of key that an algorithm wants; none for those whose key is a secret.
fn kind(algorithm: Algorithm) -> Option<Kind> {
    match algorithm {
        Algorithm::RS256
        | Algorithm::RS384
        | Algorithm::RS512
        | Algorithm::PS256
        | Algorithm::PS384
        | Algorithm::PS512 => Some(Kind::Rsa),
        Algorithm::ES256 => Some(Kind::P256),
        Algorithm::ES384 => Some(Kind::P384),
        Algorithm::HS256 | Algorithm::HS384 | Algorithm::HS512 | Algorithm::EdDSA => None,
    }
}

/// Shows how many keys there are.
impl fmt::Debug for Jwks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Jwks")
            .field("keys", &self.keys.len())
            .finish_non_exhaustive()
    }
}
