//! Places on the web, and their parts.

use std::collections::BTreeMap;

use super::opaque::Opaque;
use super::{Row, strings};
use crate::error::Problem;
use crate::eval::{Machine, Outcome};
use crate::value::{Key, Text, Value};

/// A place on the web, in its parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Url {
    scheme: String,
    /// Name or address, without brackets.
    host: String,
    port: String,
    /// As it was written.
    path: String,
    query: String,
    is_bracketed: bool,
}

pub(super) const ROWS: &[Row] = &[
    (
        "getEscapedPath",
        &["url.getEscapedPath() -> string"],
        |_, values| own(values).map(|own| Value::text(own.path.as_str())),
    ),
    ("getHost", &["url.getHost() -> string"], |_, values| {
        own(values).map(|own| Value::text(own.authority()))
    }),
    (
        "getHostname",
        &["url.getHostname() -> string"],
        |_, values| own(values).map(|own| Value::text(own.host.as_str())),
    ),
    ("getPort", &["url.getPort() -> string"], |_, values| {
        own(values).map(|own| Value::text(own.port.as_str()))
    }),
    (
        "getQuery",
        &["url.getQuery() -> map<string, list<string>>"],
        query,
    ),
    ("getScheme", &["url.getScheme() -> string"], |_, values| {
        own(values).map(|own| Value::text(own.scheme.as_str()))
    }),
    ("isURL", &["isURL(string) -> bool"], |machine, values| {
        let text = strings::text(machine, values)?;
        Ok(Value::Bool(Url::parse(text).is_some()))
    }),
    ("url", &["url(string) -> url"], |machine, values| {
        let text = strings::text(machine, values)?;
        let wrong = || {
            Problem::invalid(format!(
                "URL parse error during conversion from string: parse {text:?}: invalid URI for \
                 request"
            ))
        };
        let own = Url::parse(text).ok_or_else(wrong)?;
        Ok(Value::opaque(Opaque::Url(own)))
    }),
];

impl Url {
    /// A place with a scheme, or a path from the root.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let is_plain = !text.bytes().any(|c| c < 0x20 || c == 0x7f || c == b' ');
        let (scheme, rest) = match scheme(text) {
            Some(found) => found,
            None if text.starts_with('/') => ("", text),
            None => return None,
        };
        let (rest, _) = rest.split_once('#').unwrap_or((rest, ""));
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (authority, path) = match rest.strip_prefix("//") {
            Some(rest) => rest.split_at(rest.find('/').unwrap_or(rest.len())),
            None => ("", rest),
        };
        let (host, port, is_bracketed) = host_and_port(authority)?;
        let is_sound = is_plain && are_escapes_complete(path) && are_escapes_complete(host);
        is_sound.then(|| Self {
            scheme: scheme.to_ascii_lowercase(),
            host: host.to_owned(),
            port: port.to_owned(),
            path: path.to_owned(),
            query: query.to_owned(),
            is_bracketed,
        })
    }

    fn authority(&self) -> String {
        let host = if self.is_bracketed {
            format!("[{}]", self.host)
        } else {
            self.host.clone()
        };
        match self.port.as_str() {
            "" => host,
            port => format!("{host}:{port}"),
        }
    }
}

fn scheme(text: &str) -> Option<(&str, &str)> {
    let (scheme, rest) = text.split_once(':')?;
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.');
    let is_scheme = scheme.starts_with(|c: char| c.is_ascii_alphabetic());
    (is_scheme && scheme.chars().all(is_part)).then_some((scheme, rest))
}

fn host_and_port(authority: &str) -> Option<(&str, &str, bool)> {
    let place = authority
        .rsplit_once('@')
        .map_or(authority, |(_, place)| place);
    let (host, port, is_bracketed) = match place.strip_prefix('[') {
        Some(rest) => {
            let (host, after) = rest.split_once(']')?;
            let port = match after {
                "" => "",
                after => after.strip_prefix(':')?,
            };
            host.parse::<std::net::Ipv6Addr>().ok()?;
            (host, port, true)
        }
        None => {
            let (host, port) = place.split_once(':').unwrap_or((place, ""));
            (host, port, false)
        }
    };
    let is_host = is_bracketed || !host.contains(['[', ']', '<', '>', '"', '\\', '^', '`', '{']);
    let is_number = port.bytes().all(|c| c.is_ascii_digit());
    (is_host && is_number).then_some((host, port, is_bracketed))
}

fn are_escapes_complete(text: &str) -> bool {
    text.split('%').skip(1).all(|after| {
        let digits = after.as_bytes().get(..2);
        digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
    })
}

fn own<'v>(values: &'v [Value<'_>]) -> Result<&'v Url, Problem> {
    match values.first() {
        Some(Value::Opaque(opaque)) => match &**opaque {
            Opaque::Url(own) => Ok(own),
            _ => Err(Problem::NoSuchOverload),
        },
        _ => Err(Problem::NoSuchOverload),
    }
}

fn query<'a>(machine: &mut Machine<'a>, values: &[Value<'a>]) -> Outcome<'a> {
    let own = own(values)?;
    machine.charge_each(own.query.len())?;
    let mut found: BTreeMap<String, Vec<Value<'a>>> = BTreeMap::new();
    for pair in own.query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let (Some(name), Some(value)) = (unescaped(name), unescaped(value)) else {
            continue;
        };
        found.entry(name).or_default().push(Value::text(value));
    }
    let entry = |(name, values): (String, Vec<Value<'a>>)| {
        (Key::Text(Text::Made(name.into())), Value::list(values))
    };
    Ok(Value::map(found.into_iter().map(entry).collect()))
}

fn unescaped(text: &str) -> Option<String> {
    if !are_escapes_complete(text) {
        return None;
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(c) = rest.next() {
        bytes.push(match c {
            b'+' => b' ',
            b'%' => {
                let digit = |c: Option<u8>| char::from(c?).to_digit(16);
                let value = digit(rest.next())? * 16 + digit(rest.next())?;
                u8::try_from(value).ok()?
            }
            c => c,
        });
    }
    String::from_utf8(bytes).ok()
}
