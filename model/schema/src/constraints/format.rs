//! Formats of texts, as definitions of custom kinds may name them. Names that are not known mean
//! nothing, as clients expect.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use base64::Engine as _;
use gantry_base::{Timestamp, name, time};

/// A format that is known for its type.
#[derive(Clone, Debug)]
pub(super) struct Format {
    /// As the definition writes it.
    name: String,
    rule: Rule,
}

/// What a text must be.
type Rule = fn(&str) -> bool;

/// The formats of texts, by their names without dashes.
const TEXTS: [(&str, Rule); 27] = [
    ("bsonobjectid", |text| text.len() == 24 && is_hex(text)),
    ("byte", is_base64),
    ("cidr", is_cidr),
    ("creditcard", is_credit_card),
    ("date", is_date),
    ("datetime", |text| text.parse::<Timestamp>().is_ok()),
    ("duration", is_duration),
    ("email", is_email),
    ("hexcolor", is_hex_color),
    ("hostname", is_hostname),
    ("ipv4", |text| text.parse::<Ipv4Addr>().is_ok()),
    ("ipv6", |text| text.parse::<Ipv6Addr>().is_ok()),
    ("isbn", |text| is_isbn10(text) || is_isbn13(text)),
    ("isbn10", is_isbn10),
    ("isbn13", is_isbn13),
    ("k8slongname", |text| name::dns_subdomain(text).is_empty()),
    ("k8sshortname", |text| name::dns_label(text).is_empty()),
    ("mac", is_mac),
    ("password", |_| true),
    ("rgbcolor", is_rgb_color),
    ("ssn", is_ssn),
    ("uri", is_uri),
    ("uuid", |text| is_uuid(text, "", "")),
    ("uuid3", |text| is_uuid(text, "3", "")),
    ("uuid4", |text| is_uuid(text, "4", "89abAB")),
    ("uuid5", |text| is_uuid(text, "5", "89abAB")),
    ("uuid7", |text| is_uuid(text, "7", "89abAB")),
];

impl Format {
    /// The format called `name` of values of these types, if it means anything there.
    pub(super) fn known(name: &str, types: &[&str]) -> Option<Self> {
        let rule: Rule = match types {
            [] | ["string"] => {
                let plain = name.replace('-', "");
                TEXTS.iter().find(|(known, _)| *known == plain)?.1
            }
            ["integer"] if matches!(name, "int32" | "int64") => |_| true,
            ["number"] if matches!(name, "float" | "double") => |_| true,
            _ => return None,
        };
        let name = name.to_owned();
        Some(Self { name, rule })
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn fits(&self, text: &str) -> bool {
        (self.rule)(text)
    }
}

fn is_hex(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_base64(text: &str) -> bool {
    let plain = text.replace(['\r', '\n'], "");
    let decoded = base64::engine::general_purpose::STANDARD.decode(plain);
    decoded.is_ok()
}

fn is_cidr(text: &str) -> bool {
    let Some((address, bits)) = text.split_once('/') else {
        return false;
    };
    let most = match address.parse() {
        Ok(IpAddr::V4(_)) => 32,
        Ok(IpAddr::V6(_)) => 128,
        Err(_) => return false,
    };
    is_digits(bits) && bits.parse::<u8>().is_ok_and(|bits| bits <= most)
}

/// Sixteen digits or so with anything between them, of a known issuer.
fn is_credit_card(text: &str) -> bool {
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    let begins = |all: &[&str]| all.iter().any(|own| digits.starts_with(own));
    match digits.len() {
        13 => begins(&["4"]),
        14 => begins(&["300", "301", "302", "303", "304", "305", "36", "38"]),
        15 => begins(&["34", "37", "2131", "1800"]),
        16 => begins(&["35", "4", "51", "52", "53", "54", "55", "6011", "65"]),
        _ => false,
    }
}

fn is_date(text: &str) -> bool {
    text.len() == 10 && format!("{text}T00:00:00Z").parse::<Timestamp>().is_ok()
}

/// `1h30m`, or a number and a word such as `3 days`.
fn is_duration(text: &str) -> bool {
    if time::parse_duration(text).is_ok() {
        return true;
    }
    let text = text.trim();
    let end = text.find(|letter: char| !letter.is_ascii_digit());
    let (number, unit) = text.split_at(end.unwrap_or(text.len()));
    let unit = unit.trim().to_ascii_lowercase();
    let unit = unit
        .strip_suffix('s')
        .filter(|one| !one.is_empty())
        .unwrap_or(&unit);
    let known = [
        "d",
        "day",
        "h",
        "hour",
        "hr",
        "m",
        "micro",
        "microsecond",
        "milli",
        "millisecond",
        "min",
        "minute",
        "ms",
        "nano",
        "nanosecond",
        "ns",
        "s",
        "sec",
        "second",
        "us",
        "w",
        "week",
        "wk",
    ];
    is_digits(number) && known.contains(&unit)
}

/// An address, alone or in angle brackets behind a name.
fn is_email(text: &str) -> bool {
    let text = text.trim();
    let inside = text
        .strip_suffix('>')
        .and_then(|rest| rest.rsplit_once('<'));
    let address = inside.map_or(text, |(_, address)| address);
    let Some((local, domain)) = address.rsplit_once('@') else {
        return false;
    };
    let is_odd = |letter: char| letter.is_whitespace() || "()<>[]:;@\\,\"".contains(letter);
    let is_dotted = |part: &str| part.split('.').all(|atom| !atom.is_empty());
    let is_quoted = 2 < local.len() && local.starts_with('"') && local.ends_with('"');
    (is_quoted || (is_dotted(local) && !local.contains(is_odd)))
        && is_dotted(domain)
        && !domain.contains(is_odd)
}

fn is_hex_color(text: &str) -> bool {
    let digits = text.strip_prefix('#').unwrap_or(text);
    matches!(digits.len(), 3 | 6) && is_hex(digits)
}

fn is_hostname(text: &str) -> bool {
    let is_label = |label: &str| {
        let inside = |letter: char| letter.is_alphanumeric() || letter == '-' || letter == '_';
        !label.is_empty()
            && label.len() <= 63
            && label.chars().all(inside)
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let text = text.strip_suffix('.').unwrap_or(text);
    text.len() <= 255 && text.split('.').all(is_label)
}

fn isbn_digits(text: &str) -> String {
    text.chars()
        .filter(|letter| !matches!(letter, '-' | ' '))
        .collect()
}

fn is_isbn10(text: &str) -> bool {
    let digits = isbn_digits(text);
    if digits.len() != 10 {
        return false;
    }
    let value = |(place, letter): (usize, char)| match letter {
        'X' if place == 9 => Some(10),
        letter => letter.to_digit(10),
    };
    let values: Option<Vec<u32>> = digits.chars().enumerate().map(value).collect();
    let weighted = |values: Vec<u32>| (1..).zip(values).map(|(place, own)| place * own).sum();
    values
        .map(weighted)
        .is_some_and(|sum: u32| sum.is_multiple_of(11))
}

fn is_isbn13(text: &str) -> bool {
    let digits = isbn_digits(text);
    let values: Option<Vec<u32>> = digits.chars().map(|letter| letter.to_digit(10)).collect();
    let weights = [1, 3].into_iter().cycle();
    let weighted = |values: Vec<u32>| weights.zip(values).map(|(weight, own)| weight * own).sum();
    digits.len() == 13
        && values
            .map(weighted)
            .is_some_and(|sum: u32| sum.is_multiple_of(10))
}

fn is_mac(text: &str) -> bool {
    let separated = |by: char, digits: usize, counts: &[usize]| {
        let parts: Vec<&str> = text.split(by).collect();
        let is_part = |part: &&str| part.len() == digits && is_hex(part);
        counts.contains(&parts.len()) && parts.iter().all(is_part)
    };
    let bytes = [6, 8, 20];
    separated(':', 2, &bytes) || separated('-', 2, &bytes) || separated('.', 4, &[3, 4, 10])
}

fn is_rgb_color(text: &str) -> bool {
    let inside = text
        .strip_prefix("rgb(")
        .and_then(|rest| rest.strip_suffix(')'));
    let parts: Vec<&str> = inside.unwrap_or("").split(',').map(str::trim).collect();
    parts.len() == 3
        && parts
            .iter()
            .all(|part| is_digits(part) && part.parse::<u8>().is_ok())
}

fn is_ssn(text: &str) -> bool {
    let plain = text.replace(['-', ' '], "");
    plain.len() == 9 && is_digits(&plain) && text.len() <= 11
}

/// A scheme and something behind it, or an absolute path; no blanks and no control characters.
fn is_uri(text: &str) -> bool {
    let is_odd = |letter: char| letter.is_control() || letter == ' ';
    if text.contains(is_odd) {
        return false;
    }
    let is_scheme = |scheme: &str| {
        let inside = |letter: char| letter.is_ascii_alphanumeric() || "+-.".contains(letter);
        scheme.starts_with(|letter: char| letter.is_ascii_alphabetic())
            && scheme.chars().all(inside)
    };
    match text.split_once(':') {
        _ if text.starts_with('/') => true,
        Some((scheme, rest)) => is_scheme(scheme) && !rest.is_empty(),
        None => false,
    }
}

/// Thirty-two digits with or without dashes, those of version and variant among the ones given.
fn is_uuid(text: &str, version: &str, variant: &str) -> bool {
    let digits: Vec<char> = text.chars().filter(|letter| *letter != '-').collect();
    let dashes: Vec<usize> = text.match_indices('-').map(|(place, _)| place).collect();
    let is_among = |place: usize, known: &str| known.is_empty() || known.contains(digits[place]);
    digits.len() == 32
        && digits.iter().all(char::is_ascii_hexdigit)
        && (dashes.is_empty() || dashes == [8, 13, 18, 23])
        && is_among(12, version)
        && is_among(16, variant)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_fit_their_formats_or_do_not() {
        for (format, right, wrong) in [
            ("byte", "aGk=", "a"),
            ("cidr", "10.0.0.0/8", "10.0.0.0/33"),
            ("creditcard", "4111-1111-1111-1111", "1111111111111111"),
            ("date", "2026-02-28", "2026-02-30"),
            ("date-time", "2026-02-28T01:02:03.5Z", "2026-02-28"),
            ("duration", "1h30m", "soon"),
            ("duration", "3 days", "3 moons"),
            ("email", "a.b@c.d", "a@b@c"),
            ("hexcolor", "#fFf", "#ffff"),
            ("hostname", "a-b.example.com", "-a"),
            ("ipv4", "1.2.3.4", "1.2.3"),
            ("ipv6", "::1", "1.2.3.4"),
            ("isbn10", "0321751043", "0321751044"),
            ("isbn13", "978-0321751041", "978-0321751042"),
            ("k8s-short-name", "a-b", "A"),
            ("mac", "01:02:03:04:05:06", "01:02:03"),
            ("rgbcolor", "rgb(1, 2,3)", "rgb(1,2,256)"),
            ("ssn", "123-45-6789", "123-45-678"),
            ("uri", "https://a/b?c#d", "a b"),
            (
                "uuid4",
                "123e4567-e89b-42d3-a456-426614174000",
                "123e4567-e89b-12d3-a456-426614174000",
            ),
        ] {
            let format = Format::known(format, &["string"]).unwrap();
            assert!(format.fits(right), "{format:?} {right}");
            assert!(!format.fits(wrong), "{format:?} {wrong}");
        }
        assert!(Format::known("odd", &["string"]).is_none());
    }
}
