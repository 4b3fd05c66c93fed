//! Who is it: a client certificate, a token, or nobody in particular.
//!
//! A token that is not accepted is refused; it never makes its bearer anonymous.

use http::HeaderMap;
use http::header::AUTHORIZATION;

use gantry_api::{Caller, Rejection};

use crate::front::{Front, Peer};

pub(crate) fn caller(front: &Front, peer: &Peer, headers: &HeaderMap) -> Result<Caller, Rejection> {
    if let Some(subject) = &peer.subject {
        if subject.user.is_empty() {
            return Err(Rejection::Unauthorized);
        }
        let groups: Vec<&str> = subject.groups.iter().map(String::as_str).collect();
        return Ok(Caller::authenticated(&subject.user, &groups));
    }
    let Some(token) = bearer(headers) else {
        return Ok(Caller::anonymous());
    };
    match front.authenticator.authenticate(token, &[]) {
        Ok(authenticated) => Ok(authenticated.caller),
        Err(why) => {
            tracing::debug!(why, "refused a token");
            Err(Rejection::Unauthorized)
        }
    }
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}
