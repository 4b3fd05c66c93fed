//! The key that signs service account tokens, and what others need in order to check them.
//!
//! A signature says that we made a token; times and audience are compared here with the time that
//! the caller passes. Whether the account and the pod still exist is the caller's question.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use gantry_base::Timestamp;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use rcgen::{KeyPair, PublicKeyData};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::Claims;
use crate::limits::TOKEN_BYTES;

/// Who signs the cluster's tokens, and for whom they are meant unless said otherwise.
pub const ISSUER: &str = "https://kubernetes.default.svc.cluster.local";

/// Why a token does not count.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// It is not a token of ours at all, or its signature is wrong.
    #[error("accept the token: it was not signed by this cluster")]
    Signature,
    /// Somebody else issued it.
    #[error("accept the token: its issuer is {found:?}")]
    Issuer {
        /// Who.
        found: String,
    },
    /// It is meant for somebody else.
    #[error("accept the token: it is meant for {found:?}")]
    Audience {
        /// For whom.
        found: Vec<String>,
    },
    /// Its time is over.
    #[error("accept the token: token has expired")]
    Expired,
    /// Its time has not come.
    #[error("accept the token: it is not valid yet")]
    NotYet,
}

/// Signs and checks tokens.
pub struct TokenKey {
    id: String,
    pem: String,
    point: Vec<u8>,
    sign: EncodingKey,
    check: DecodingKey,
}

impl TokenKey {
    /// A new key.
    pub fn create() -> Result<Self, rcgen::Error> {
        Ok(Self::from_pair(&KeyPair::generate()?))
    }

    /// The key in `pem`.
    pub(crate) fn from_pem(pem: &str) -> Result<Self, rcgen::Error> {
        Ok(Self::from_pair(&KeyPair::from_pem(pem)?))
    }

    fn from_pair(pair: &KeyPair) -> Self {
        let point = pair.public_key_raw().to_vec();
        Self {
            id: URL_SAFE_NO_PAD.encode(Sha256::digest(pair.subject_public_key_info())),
            pem: pair.serialize_pem(),
            sign: EncodingKey::from_ec_der(pair.serialized_der()),
            check: DecodingKey::from_ec_der(&point),
            point,
        }
    }

    /// What [`from_pem`](Self::from_pem) reads.
    pub(crate) fn pem(&self) -> &str {
        &self.pem
    }

    /// The token that says `claims`.
    #[must_use]
    pub fn sign(&self, claims: &Claims) -> String {
        let mut header = Header::new(Algorithm::ES256);
        header.typ = None;
        header.kid = Some(self.id.clone());
        jsonwebtoken::encode(&header, claims, &self.sign)
            .expect("claims are plain data and the key was checked when it was loaded")
    }

    /// What `token` says, if we signed it, its time is now, and it is meant for one of `audiences`.
    pub fn verify(
        &self,
        token: &str,
        audiences: &[&str],
        now: Timestamp,
    ) -> Result<Claims, TokenError> {
        if token.len() > TOKEN_BYTES {
            return Err(TokenError::Signature);
        }
        let decoded =
            jsonwebtoken::decode::<Claims>(token, &self.check, &signature_only(Algorithm::ES256));
        let claims = decoded.map_err(|_| TokenError::Signature)?.claims;
        if claims.iss != ISSUER {
            return Err(TokenError::Issuer { found: claims.iss });
        }
        if now.as_second() >= claims.exp {
            return Err(TokenError::Expired);
        }
        if now.as_second() < claims.nbf {
            return Err(TokenError::NotYet);
        }
        if !claims
            .aud
            .iter()
            .any(|own| audiences.contains(&own.as_str()))
        {
            return Err(TokenError::Audience { found: claims.aud });
        }
        Ok(claims)
    }

    /// The public keys, as `/openid/v1/jwks` shows them.
    #[must_use]
    pub fn jwks(&self) -> Value {
        // An uncompressed point: one byte that says so, then two coordinates of equal length.
        let (x, y) = self.point[1..].split_at((self.point.len() - 1) / 2);
        json!({"keys": [{
            "use": "sig",
            "kty": "EC",
            "kid": self.id,
            "crv": "P-256",
            "alg": "ES256",
            "x": URL_SAFE_NO_PAD.encode(x),
            "y": URL_SAFE_NO_PAD.encode(y),
        }]})
    }

    /// The discovery document for those who want to check our tokens; `server` is where the keys
    /// can be fetched, such as `https://10.96.0.1:443`.
    #[must_use]
    pub fn openid_configuration(&self, server: &str) -> Value {
        json!({
            "issuer": ISSUER,
            "jwks_uri": format!("{server}/openid/v1/jwks"),
            "response_types_supported": ["id_token"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["ES256"],
        })
    }
}

/// The library would read the clock for everything else.
pub(crate) fn signature_only(algorithm: Algorithm) -> Validation {
    let mut validation = Validation::new(algorithm);
    validation.required_spec_claims.clear();
    validation.validate_exp = false;
    validation.validate_nbf = false;
    validation.validate_aud = false;
    validation
}

/// Shows which key it is and never the key.
impl fmt::Debug for TokenKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenKey")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}
