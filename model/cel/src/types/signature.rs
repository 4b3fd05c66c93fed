//! Signatures of functions, read from the notation of the tables: `list<A>.indexOf(A) -> int`.

use std::sync::Arc;

use super::Type;
use crate::functions::opaque;

/// What a function takes and gives.
#[derive(Clone, Debug)]
pub(crate) struct Signature {
    /// Whether the first argument stands before the name.
    pub(crate) is_member: bool,
    pub(crate) takes: Vec<Type>,
    pub(crate) gives: Type,
}

impl Signature {
    /// Reads a signature of the tables, which are well formed.
    pub(crate) fn read(text: &str) -> Self {
        let (call, gives) = text.split_once(" -> ").expect("a signature has an arrow");
        let open = call.find('(').expect("a signature has arguments");
        let arguments = call[open + 1..]
            .strip_suffix(')')
            .expect("a signature closes its arguments");
        let mut takes: Vec<Type> = split(arguments).into_iter().map(read_type).collect();
        // Families of functions that are called like a type are set apart by a colon.
        let receiver = call[..open].rsplit_once('.').map(|(receiver, _)| receiver);
        let receiver = receiver
            .filter(|receiver| !receiver.starts_with(':'))
            .map(read_type);
        let is_member = receiver.is_some();
        takes.splice(0..0, receiver);
        Self {
            is_member,
            takes,
            gives: read_type(gives),
        }
    }
}

fn read_type(text: &str) -> Type {
    known_type(text).expect("the tables name known types")
}

fn known_type(text: &str) -> Option<Type> {
    let of = |text: &str| known_type(text).map(Arc::new);
    if let Some(inner) = inside(text, "list") {
        return Some(Type::List(of(inner)?));
    }
    if let Some(inner) = inside(text, "optional") {
        return Some(Type::Optional(of(inner)?));
    }
    if let Some(inner) = inside(text, "map") {
        let [key, value] = split(inner)[..] else {
            return None;
        };
        return Some(Type::Map(of(key)?, of(value)?));
    }
    Some(match text {
        "dyn" => Type::Dyn,
        "null" => Type::Null,
        "bool" => Type::Bool,
        "int" => Type::Int,
        "uint" => Type::Uint,
        "double" => Type::Double,
        "string" => Type::Text,
        "bytes" => Type::Bytes,
        "timestamp" => Type::Time,
        "duration" => Type::Span,
        "type" => Type::Type,
        "A" => Type::Parameter('A'),
        "B" => Type::Parameter('B'),
        other => Type::Opaque(opaque::full_name(other)?),
    })
}

fn inside<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    text.strip_prefix(name)?
        .strip_prefix('<')?
        .strip_suffix('>')
}

/// Splits at the commas that are not inside of another type.
fn split(text: &str) -> Vec<&str> {
    let mut depth = 0_usize;
    let mut parts = Vec::new();
    let mut begin = 0;
    for (index, c) in text.char_indices() {
        match c {
            '<' => depth += 1,
            '>' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(text[begin..index].trim());
                begin = index + 1;
            }
            _ => {}
        }
    }
    let last = text[begin..].trim();
    if !last.is_empty() {
        parts.push(last);
    }
    parts
}
