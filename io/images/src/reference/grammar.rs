//! What the parts of a reference may look like. The rules are those of the distribution
//! specification, written as byte tests.

use std::net::Ipv6Addr;

use super::{DEFAULT_REGISTRY, Fault};

const NAME_LENGTH_MAX: usize = 255;
const TAG_LENGTH_MAX: usize = 128;

pub(super) fn is_image_id(text: &str) -> bool {
    text.len() == 64
        && text
            .bytes()
            .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

pub(super) fn is_tag(tag: &str) -> bool {
    let word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    let mut bytes = tag.bytes();
    tag.len() <= TAG_LENGTH_MAX
        && bytes.next().is_some_and(word)
        && bytes.all(|byte| word(byte) || byte == b'.' || byte == b'-')
}

pub(super) fn looks_like_registry(part: &str) -> bool {
    let capital = |text: &str| text.bytes().any(|byte| byte.is_ascii_uppercase());
    part == "localhost" || part.contains(['.', ':']) || capital(part)
}

pub(super) fn check_length(length: usize) -> Result<(), Fault> {
    if length > NAME_LENGTH_MAX {
        Err(Fault::TooLong(length))
    } else {
        Ok(())
    }
}

/// The registry's usual name: lower case, and one name for the default one.
pub(super) fn registry(text: &str) -> Result<String, Fault> {
    if !is_registry(text) {
        return Err(Fault::Registry(text.to_owned()));
    }
    let lower = text.to_ascii_lowercase();
    match lower.as_str() {
        "index.docker.io" | "registry-1.docker.io" => Ok(DEFAULT_REGISTRY.to_owned()),
        _ => Ok(lower),
    }
}

fn is_registry(text: &str) -> bool {
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, Some(port)),
        _ => (text, None),
    };
    port.is_none_or(is_port) && (is_host_name(host) || is_bracketed_v6(host))
}

fn is_port(port: &str) -> bool {
    port.bytes().all(|byte| byte.is_ascii_digit()) && port.parse::<u16>().is_ok_and(|port| port > 0)
}

fn is_bracketed_v6(host: &str) -> bool {
    let inner = host
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'));
    inner.is_some_and(|inner| inner.parse::<Ipv6Addr>().is_ok())
}

fn is_host_name(host: &str) -> bool {
    host.split('.').all(|label| {
        let edge = |byte: Option<u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric());
        let inner = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        edge(label.bytes().next()) && edge(label.bytes().last()) && label.bytes().all(inner)
    })
}

pub(super) fn check_repository(path: &str) -> Result<(), Fault> {
    if path.is_empty() {
        return Err(Fault::Empty);
    }
    if path.split('/').all(is_component) {
        return Ok(());
    }
    let lower = path.to_ascii_lowercase();
    let only_case = lower != path && lower.split('/').all(is_component);
    Err(if only_case {
        Fault::UpperCase(path.to_owned())
    } else {
        Fault::Repository(path.to_owned())
    })
}

/// Words of letters and digits, joined by one dot, one or two underscores, or any dashes.
fn is_component(component: &str) -> bool {
    let word = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let edges = [component.bytes().next(), component.bytes().last()];
    let joiner =
        |text: &str| matches!(text, "" | "." | "_" | "__") || text.bytes().all(|b| b == b'-');
    edges.iter().all(|edge| edge.is_some_and(word))
        && component
            .split(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit())
            .all(joiner)
}
