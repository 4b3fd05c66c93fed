//! From text to tokens.

mod quoted;

use std::sync::Arc;

use crate::error::Issue;

/// A token and where it begins.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Token {
    pub(crate) at: usize,
    pub(crate) kind: Kind,
}

/// What a token is.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Kind {
    Name(String),
    /// A whole number; its sign is a token of its own.
    Int(u64),
    Uint(u64),
    Double(f64),
    Text(Arc<str>),
    Bytes(Arc<[u8]>),
    Sign(&'static str),
    End,
}

impl Kind {
    /// The token as messages show it.
    pub(crate) fn shown(&self) -> String {
        match self {
            Self::Name(name) => format!("'{name}'"),
            Self::Int(number) => format!("'{number}'"),
            Self::Uint(number) => format!("'{number}u'"),
            Self::Double(number) => format!("'{number}'"),
            Self::Text(text) => format!("{text:?}"),
            Self::Bytes(_) => "bytes".to_owned(),
            Self::Sign(sign) => format!("'{sign}'"),
            Self::End => "'<EOF>'".to_owned(),
        }
    }
}

/// The longer ones first: what begins alike is told apart by that.
const SIGNS: [&str; 25] = [
    "&&", "||", "==", "!=", "<=", ">=", "(", ")", "[", "]", "{", "}", ".", ",", ":", "?", "+", "-",
    "*", "/", "%", "<", ">", "!", "=",
];

/// All tokens of a text, and the end.
pub(crate) fn tokens(source: &str) -> Result<Vec<Token>, Issue> {
    let mut found = Vec::new();
    let mut at = 0;
    loop {
        at = skip(source, at);
        let rest = &source[at..];
        let Some(first) = rest.chars().next() else {
            found.push(Token {
                at,
                kind: Kind::End,
            });
            return Ok(found);
        };
        let (kind, length) = token(rest, first).map_err(|(offset, message)| Issue {
            at: at + offset,
            message: format!("Syntax error: {message}"),
        })?;
        found.push(Token { at, kind });
        at += length;
    }
}

/// What is wrong, and how far from the beginning of the token.
type Wrong = (usize, String);

fn token(rest: &str, first: char) -> Result<(Kind, usize), Wrong> {
    if let Some(quoted) = quoted::read(rest) {
        return quoted;
    }
    let begins_fraction = rest[1.min(rest.len())..].starts_with(|c: char| c.is_ascii_digit());
    if first.is_ascii_digit() || first == '.' && begins_fraction {
        return number(rest);
    }
    if first.is_ascii_alphabetic() || first == '_' {
        let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let end = rest.find(|c| !is_part(c)).unwrap_or(rest.len());
        return Ok((Kind::Name(rest[..end].to_owned()), end));
    }
    let sign = SIGNS.into_iter().find(|sign| rest.starts_with(sign));
    sign.map(|sign| (Kind::Sign(sign), sign.len()))
        .ok_or_else(|| (0, format!("token recognition error at: '{first}'")))
}

/// Past spaces and remarks.
fn skip(source: &str, mut at: usize) -> usize {
    loop {
        let rest = &source[at..];
        let text = rest.trim_start_matches([' ', '\t', '\n', '\r', '\u{c}']);
        at += rest.len() - text.len();
        if !text.starts_with("//") {
            return at;
        }
        at += text.find('\n').unwrap_or(text.len());
    }
}

fn number(rest: &str) -> Result<(Kind, usize), Wrong> {
    if let Some(digits) = rest.strip_prefix("0x").or_else(|| rest.strip_prefix("0X")) {
        let end = digits
            .find(|c: char| !c.is_ascii_hexdigit())
            .unwrap_or(digits.len());
        return whole(rest, end + 2, u64::from_str_radix(&digits[..end], 16).ok());
    }
    let digits = |from: usize| {
        let found = rest[from..].find(|c: char| !c.is_ascii_digit());
        found.map_or(rest.len(), |length| from + length)
    };
    let mut end = digits(0);
    let mut is_whole = true;
    if rest[end..].starts_with('.') && digits(end + 1) > end + 1 {
        end = digits(end + 1);
        is_whole = false;
    }
    if rest[end..].starts_with(['e', 'E']) {
        let signed = usize::from(rest[end + 1..].starts_with(['+', '-']));
        if digits(end + 1 + signed) > end + 1 + signed {
            end = digits(end + 1 + signed);
            is_whole = false;
        }
    }
    if is_whole {
        return whole(rest, end, rest[..end].parse().ok());
    }
    let parsed: f64 = rest[..end].parse().unwrap_or(f64::INFINITY);
    if parsed.is_finite() {
        Ok((Kind::Double(parsed), end))
    } else {
        Err((0, "invalid double literal".to_owned()))
    }
}

fn whole(rest: &str, end: usize, number: Option<u64>) -> Result<(Kind, usize), Wrong> {
    let is_marked = rest[end..].starts_with(['u', 'U']);
    match number {
        Some(number) if is_marked => Ok((Kind::Uint(number), end + 1)),
        Some(number) => Ok((Kind::Int(number), end)),
        None if is_marked => Err((0, "invalid uint literal".to_owned())),
        None => Err((0, "invalid int literal".to_owned())),
    }
}
