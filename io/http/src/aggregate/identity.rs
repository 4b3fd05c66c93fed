//! In whose name a request is passed on: the caller stands in headers that another server believes,
//! because of the certificate that comes with them.
//!
//! So nothing that a client sends may pass for such a header, in whatever spelling, and nothing that
//! concerns one connection only goes beyond it.

use http::header::{
    AUTHORIZATION, CONNECTION, HOST, HeaderMap, HeaderName, HeaderValue, SEC_WEBSOCKET_PROTOCOL,
};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use gantry_api::{Caller, Rejection};

use crate::filters::authenticate;
use crate::streams::upgrade;

const USER: &str = "x-remote-user";
const UID: &str = "x-remote-uid";
const GROUP: &str = "x-remote-group";
const EXTRA: &str = "x-remote-extra-";

/// What clients may not say: who they are, and as whom they act.
const KEPT_BACK: [&str; 2] = ["x-remote-", "impersonate-"];

/// Headers that concern one connection only.
const OF_CONNECTIONS: [&str; 10] = [
    "connection",
    "expect",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// Letters of a key that stand in a header's name as they are.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_');

/// Makes the headers of a client those of a request in the name of `caller` to `host`.
pub(super) fn speak_for(
    caller: &Caller,
    host: &str,
    headers: &mut HeaderMap,
) -> Result<(), Rejection> {
    strip(headers);
    let mut add = |name: &str, value: &str| {
        let name = HeaderName::try_from(name);
        let value = HeaderValue::from_bytes(value.as_bytes());
        let (Ok(name), Ok(value)) = (name, value) else {
            return Err(Rejection::bad_request(
                "this user has a name, a group or an attribute that no header can carry, and \
                 cannot be passed on to another server",
            ));
        };
        headers.append(name, value);
        Ok(())
    };
    add(HOST.as_str(), host)?;
    add(USER, &caller.user)?;
    if !caller.uid.is_empty() {
        add(UID, &caller.uid)?;
    }
    for group in &caller.groups {
        add(GROUP, group)?;
    }
    for (key, values) in &caller.extra {
        let key = utf8_percent_encode(&key.to_lowercase(), PLAIN).to_string();
        for value in values {
            add(&format!("{EXTRA}{}", key.to_lowercase()), value)?;
        }
    }
    Ok(())
}

/// Takes away what concerns the client's connection, and what it may not say.
fn strip(headers: &mut HeaderMap) {
    let named = headers.get_all(CONNECTION).iter();
    let named = named.filter_map(|value| value.to_str().ok());
    let named = named.flat_map(|value| value.split(',')).map(str::trim);
    let named: Vec<String> = named.map(str::to_ascii_lowercase).collect();
    let is_dropped = |name: &HeaderName| {
        let name = name.as_str();
        // Some servers read either sign between words.
        let spelled = name.replace('_', "-");
        KEPT_BACK.iter().any(|kept| spelled.starts_with(kept))
            || OF_CONNECTIONS.contains(&name)
            || named.iter().any(|own| own == name)
    };
    let dropped: Vec<HeaderName> = headers
        .keys()
        .filter(|name| is_dropped(name))
        .cloned()
        .collect();
    for name in dropped.iter().chain([&AUTHORIZATION, &HOST]) {
        headers.remove(name);
    }
    strip_token(headers);
}

/// Takes away the token that browsers send as the name of a protocol.
fn strip_token(headers: &mut HeaderMap) {
    if !headers.contains_key(SEC_WEBSOCKET_PROTOCOL) {
        return;
    }
    let mut protocols = upgrade::socket_protocols(headers);
    protocols.retain(|name| !authenticate::is_token(name));
    headers.remove(SEC_WEBSOCKET_PROTOCOL);
    if let Ok(rest) = HeaderValue::try_from(protocols.join(", "))
        && !rest.is_empty()
    {
        headers.insert(SEC_WEBSOCKET_PROTOCOL, rest);
    }
}

/// Takes away what concerns the other server's connection.
pub(super) fn strip_answer(headers: &mut HeaderMap) {
    for name in OF_CONNECTIONS {
        headers.remove(name);
    }
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;

    fn check(caller: &Caller, sent: &[(&str, &str)], expected: &Expect) {
        let mut headers = HeaderMap::new();
        for (name, value) in sent {
            let name: HeaderName = name.parse().unwrap();
            headers.append(name, value.parse().unwrap());
        }
        let told = match speak_for(caller, "api.default.svc", &mut headers) {
            Ok(()) => {
                let mut lines: Vec<String> = headers
                    .iter()
                    .map(|(name, value)| format!("{name}: {}\n", value.to_str().unwrap_or("?")))
                    .collect();
                lines.sort();
                lines.concat()
            }
            Err(refusal) => refusal.to_string(),
        };
        expected.assert_eq(&told);
    }

    #[test]
    fn nobody_smuggles_in_who_they_are() {
        check(
            &Caller::authenticated("jane", &["dev"]),
            &[
                ("X-Remote-User", "root"),
                ("X_Remote_User", "root"),
                ("x-remote_group", "system:masters"),
                ("X-Remote-Group", "system:masters"),
                ("X-Remote-Uid", "0"),
                ("X-Remote-Extra-Scopes", "all"),
                ("Impersonate-User", "root"),
                ("Authorization", "Bearer secret"),
                ("Host", "elsewhere"),
                (
                    "Sec-WebSocket-Protocol",
                    "base64url.bearer.authorization.k8s.io.c2VjcmV0, v4.channel.k8s.io",
                ),
                ("Accept", "application/json"),
            ],
            &expect![[r#"
                accept: application/json
                host: api.default.svc
                sec-websocket-protocol: v4.channel.k8s.io
                x-remote-group: dev
                x-remote-group: system:authenticated
                x-remote-user: jane
            "#]],
        );
    }

    #[test]
    fn nobody_has_the_headers_taken_away_that_say_who_they_are() {
        check(
            &Caller::authenticated("jane", &[]),
            &[
                ("Connection", "X-Remote-User, close, x-own"),
                ("Transfer-Encoding", "chunked"),
                ("X-Own", "1"),
                ("X-Other", "1"),
            ],
            &expect![[r#"
                host: api.default.svc
                x-other: 1
                x-remote-group: system:authenticated
                x-remote-user: jane
            "#]],
        );
    }

    #[test]
    fn everything_that_is_known_of_a_caller_is_told() {
        let mut caller = Caller::authenticated("jürgen", &[]);
        caller.uid = "7".to_owned();
        let key = "Authentication.k8s.io/Node Name%";
        caller
            .extra
            .insert(key.to_owned(), vec!["a".into(), "b".into()]);
        check(
            &caller,
            &[],
            &expect![[r#"
                host: api.default.svc
                x-remote-extra-authentication.k8s.io%2fnode%20name%25: a
                x-remote-extra-authentication.k8s.io%2fnode%20name%25: b
                x-remote-group: system:authenticated
                x-remote-uid: 7
                x-remote-user: ?
            "#]],
        );
    }

    #[test]
    fn a_name_that_would_end_its_header_is_not_passed_on() {
        check(
            &Caller::authenticated("jane\r\nX-Remote-Group: system:masters", &[]),
            &[],
            &expect![
                "this user has a name, a group or an attribute that no header can carry, and cannot be passed on to another server"
            ],
        );
    }
}
