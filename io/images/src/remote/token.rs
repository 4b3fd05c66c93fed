//! Turns what a registry asks for into the header that satisfies it, with the help of the token
//! server that it names.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderValue, Request, StatusCode, Uri};
use http_body_util::Full;
use serde::Deserialize;

use super::challenge::Challenge;
use super::{RemoteError, Session, error};
use crate::credentials::Credentials;
use crate::limits;

#[derive(Deserialize)]
#[serde(default)]
#[derive(Default)]
struct Answer {
    token: String,
    access_token: String,
}

pub(super) async fn authorization(
    session: &Session<'_>,
    challenges: &[Challenge],
) -> Result<HeaderValue, RemoteError> {
    let with = |scheme: &str| {
        challenges
            .iter()
            .find(|challenge| challenge.scheme == scheme)
    };
    match (with("bearer"), with("basic"), &session.credentials) {
        (Some(_), _, Some(Credentials::Bearer(token))) => {
            header(session, &format!("Bearer {token}"))
        }
        (Some(challenge), _, _) => bearer(session, challenge).await,
        (None, Some(_), Some(Credentials::Basic { username, password })) => {
            header(session, &basic(username, password))
        }
        (None, Some(_), _) => Err(error::unauthorized(session)),
        (None, None, _) => Err(RemoteError::Challenge {
            registry: session.endpoint.name.clone(),
        }),
    }
}

async fn bearer(session: &Session<'_>, challenge: &Challenge) -> Result<HeaderValue, RemoteError> {
    let answer = session.exchange(request(session, challenge)?).await?;
    match answer.status() {
        StatusCode::OK => {}
        StatusCode::BAD_REQUEST if session.credentials.is_some() => {
            return Err(error::unauthorized(session));
        }
        _ => return Err(error::refusal(session, answer).await),
    }
    let body = answer
        .collect(&session.endpoint.name, limits::ANSWER_BYTES)
        .await?;
    let none = || RemoteError::Token {
        registry: session.endpoint.name.clone(),
    };
    let answer: Answer = serde_json::from_slice(&body).map_err(|_| none())?;
    let token = if answer.token.is_empty() {
        answer.access_token
    } else {
        answer.token
    };
    if token.is_empty() {
        return Err(none());
    }
    header(session, &format!("Bearer {token}"))
}

fn request(
    session: &Session<'_>,
    challenge: &Challenge,
) -> Result<Request<Full<Bytes>>, RemoteError> {
    let realm = realm(session, challenge)?;
    let scope = format!("repository:{}:pull", session.repository);
    let scope = challenge.parameters.get("scope").unwrap_or(&scope);
    let service = challenge
        .parameters
        .get("service")
        .map_or("", String::as_str);
    let query = format!("service={}&scope={}", escape(service), escape(scope));
    let built = match &session.credentials {
        Some(Credentials::Identity(token)) => {
            let token = escape(token);
            let form =
                format!("grant_type=refresh_token&client_id=gantry&{query}&refresh_token={token}");
            Request::post(realm)
                .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
                .body(Full::from(form))
        }
        Some(Credentials::Basic { username, password }) => Request::get(joined(&realm, &query))
            .header(AUTHORIZATION, basic(username, password))
            .body(Full::default()),
        Some(Credentials::Bearer(_)) | None => {
            Request::get(joined(&realm, &query)).body(Full::default())
        }
    };
    built.map_err(|source| session.address_error(source))
}

/// The token server's address. It is told our password, so it must be as well protected as the
/// registry.
fn realm(session: &Session<'_>, challenge: &Challenge) -> Result<String, RemoteError> {
    let registry = session.endpoint.name.clone();
    let Some(realm) = challenge.parameters.get("realm") else {
        return Err(RemoteError::Challenge { registry });
    };
    let uri: Uri = session.parse(realm)?;
    match uri.scheme_str() {
        Some("https") => Ok(realm.clone()),
        Some("http") if session.endpoint.plain_http => Ok(realm.clone()),
        _ => Err(RemoteError::Insecure {
            registry,
            target: realm.clone(),
        }),
    }
}

fn joined(realm: &str, query: &str) -> String {
    let joint = if realm.contains('?') { '&' } else { '?' };
    format!("{realm}{joint}{query}")
}

fn basic(username: &str, password: &str) -> String {
    format!(
        "Basic {}",
        STANDARD.encode(format!("{username}:{password}"))
    )
}

fn header(session: &Session<'_>, text: &str) -> Result<HeaderValue, RemoteError> {
    let mut value =
        HeaderValue::from_str(text).map_err(|source| session.address_error(source.into()))?;
    value.set_sensitive(true);
    Ok(value)
}

/// Escapes all that could have a meaning in a query.
fn escape(text: &str) -> String {
    let digits = b"0123456789ABCDEF";
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            escaped.push(char::from(byte));
        } else {
            let [high, low] =
                [byte >> 4, byte & 15].map(|half| char::from(digits[usize::from(half)]));
            escaped.extend(['%', high, low]);
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_keep_their_meaning() {
        assert_eq!(escape("repository:a/b:pull"), "repository%3Aa%2Fb%3Apull");
        assert_eq!(joined("https://a/t?x=1", "y=2"), "https://a/t?x=1&y=2");
    }
}
