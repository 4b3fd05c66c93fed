//! Who is it: a client certificate, a token, or nobody in particular.
//!
//! A token that is not accepted is refused; it never makes its bearer anonymous.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::HeaderMap;
use http::header::AUTHORIZATION;

use gantry_api::caller::MASTERS;
use gantry_api::{Caller, Rejection};

use crate::front::{Front, Peer};
use crate::streams::upgrade;

/// What the name of a WebSocket protocol begins with that carries a token.
const IN_PROTOCOL: &str = "base64url.bearer.authorization.k8s.io.";

pub(crate) async fn caller(
    front: &Front,
    peer: &Peer,
    (path, headers): (&str, &HeaderMap),
) -> Result<Caller, Rejection> {
    if peer.is_root {
        return Ok(Caller::authenticated("root", &[MASTERS]));
    }
    if let Some(certificate) = &peer.certificate {
        let found = front
            .authenticator
            .certificate(certificate, front.clock.now());
        return found.map_err(|why| refused("certificate", &why));
    }
    let Some(token) = bearer(headers) else {
        let anonymous = front.authenticator.anonymous(path);
        return anonymous.ok_or(Rejection::Unauthorized);
    };
    let found = front.authenticator.authenticate(&token, &[]).await;
    found
        .map(|found| found.caller)
        .map_err(|why| refused("token", &why))
}

/// Why is for the server's log: whoever guesses at credentials learns nothing.
fn refused(what: &str, why: &str) -> Rejection {
    tracing::debug!(what, why, "refused a credential");
    Rejection::Unauthorized
}

/// The token, which browsers cannot send but as the name of a protocol.
fn bearer(headers: &HeaderMap) -> Option<String> {
    let Some(value) = headers.get(AUTHORIZATION) else {
        let protocols = upgrade::socket_protocols(headers);
        return protocols.iter().find_map(|name| token_in(name));
    };
    let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
    let is_bearer = scheme.eq_ignore_ascii_case("bearer");
    is_bearer.then(|| token.trim().to_owned())
}

/// Whether the name of a WebSocket protocol is none, but carries a token.
pub(crate) fn is_token(protocol: &str) -> bool {
    protocol.starts_with(IN_PROTOCOL)
}

fn token_in(protocol: &str) -> Option<String> {
    let encoded = protocol.strip_prefix(IN_PROTOCOL)?;
    let token = URL_SAFE_NO_PAD.decode(encoded).ok()?;
    String::from_utf8(token).ok()
}

#[cfg(test)]
mod tests {
    use http::header::SEC_WEBSOCKET_PROTOCOL;

    use super::*;

    #[test]
    fn a_token_is_found_in_either_place() {
        let mut headers = HeaderMap::new();
        assert_eq!(bearer(&headers), None);
        let protocols = "base64url.bearer.authorization.k8s.io.YS5iLmM, binary.k8s.io";
        headers.insert(SEC_WEBSOCKET_PROTOCOL, protocols.parse().unwrap());
        assert_eq!(bearer(&headers).as_deref(), Some("a.b.c"));
        headers.insert(AUTHORIZATION, "Bearer d".parse().unwrap());
        assert_eq!(bearer(&headers).as_deref(), Some("d"));
    }
}
