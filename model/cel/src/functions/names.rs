//! Rules of names and notations that can be asked by name.

use std::rc::Rc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use gantry_base::name::{self, Rule};

use super::opaque::Opaque;
use super::{Row, strings, time, url};
use crate::error::Problem;
use crate::eval::{Machine, Outcome};
use crate::value::Value;

/// A rule of names or notations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Notation(usize);

/// By their names, in alphabetical order.
const NOTATIONS: [(&str, Rule); 12] = [
    ("byte", byte),
    ("date", date),
    ("datetime", datetime),
    ("dns1035Label", name::dns1035_label),
    ("dns1035LabelPrefix", |text| {
        name::dns1035_label(unfinished(text))
    }),
    ("dns1123Label", name::dns_label),
    ("dns1123LabelPrefix", |text| {
        name::dns_label(unfinished(text))
    }),
    ("dns1123Subdomain", name::dns_subdomain),
    ("labelValue", name::label_value),
    ("qualifiedName", name::qualified),
    ("uri", uri),
    ("uuid", uuid),
];

/// A row for each notation that can be asked for directly.
macro_rules! notation {
    ($number:literal, $name:literal) => {
        (
            concat!("format.", $name),
            &[concat!(":format.", $name, "() -> format")],
            |_, _| Ok(Value::opaque(Opaque::Format(Notation($number)))),
        )
    };
}

pub(super) const ROWS: &[Row] = &[
    notation!(0, "byte"),
    notation!(1, "date"),
    notation!(2, "datetime"),
    notation!(3, "dns1035Label"),
    notation!(4, "dns1035LabelPrefix"),
    notation!(5, "dns1123Label"),
    notation!(6, "dns1123LabelPrefix"),
    notation!(7, "dns1123Subdomain"),
    notation!(8, "labelValue"),
    notation!(9, "qualifiedName"),
    notation!(10, "uri"),
    notation!(11, "uuid"),
    (
        "format.named",
        &[":format.named(string) -> optional<format>"],
        named,
    ),
    (
        "validate",
        &["format.validate(string) -> optional<list<string>>"],
        validate,
    ),
];

fn named<'a>(machine: &mut Machine<'a>, values: &[Value<'a>]) -> Outcome<'a> {
    let wanted = strings::text(machine, values)?;
    let found = NOTATIONS.iter().position(|(name, _)| *name == wanted);
    let found = found.map(|at| Rc::new(Value::opaque(Opaque::Format(Notation(at)))));
    Ok(Value::Optional(found))
}

fn validate<'a>(machine: &mut Machine<'a>, values: &[Value<'a>]) -> Outcome<'a> {
    let [Value::Opaque(own), text @ ..] = values else {
        return Err(Problem::NoSuchOverload);
    };
    let Opaque::Format(Notation(at)) = &**own else {
        return Err(Problem::NoSuchOverload);
    };
    let text = strings::text(machine, text)?;
    let wrong = NOTATIONS[*at].1(text);
    if wrong.is_empty() {
        return Ok(Value::Optional(None));
    }
    let wrong = wrong.into_iter().map(Value::text).collect();
    Ok(Value::some(Value::list(wrong)))
}

/// A name that something will be put behind may end with a hyphen.
fn unfinished(text: &str) -> &str {
    text.strip_suffix('-').unwrap_or(text)
}

fn told(is_right: bool, wrong: &str) -> Vec<String> {
    if is_right {
        Vec::new()
    } else {
        vec![wrong.to_owned()]
    }
}

fn byte(text: &str) -> Vec<String> {
    told(STANDARD.decode(text).is_ok(), "invalid base64")
}

fn date(text: &str) -> Vec<String> {
    let is_date = text.len() == 10 && text.parse::<jiff::civil::Date>().is_ok();
    told(is_date, "invalid date")
}

fn datetime(text: &str) -> Vec<String> {
    told(time::parse_time(text).is_some(), "invalid datetime")
}

fn uri(text: &str) -> Vec<String> {
    told(url::Url::parse(text).is_some(), "invalid URI")
}

fn uuid(text: &str) -> Vec<String> {
    let bytes = text.as_bytes();
    let fits = |(at, c): (usize, &u8)| match at {
        8 | 13 | 18 | 23 => *c == b'-',
        _ => c.is_ascii_hexdigit(),
    };
    let is_uuid = bytes.len() == 36 && bytes.iter().enumerate().all(fits);
    told(is_uuid, "does not match the UUID format")
}
