//! The committed table of messages, and how it is read.
//!
//! `cargo xtask gen proto` writes the table. A `message` line opens a message; lines that begin
//! with a tab are its fields: number, name, type, fact.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use super::scalar::Scalar;

const TABLE: &str = include_str!("table/fields.tsv");

static BUILTIN: LazyLock<Table> =
    LazyLock::new(|| parse(TABLE).expect("the committed table is well formed"));

/// All messages.
#[derive(Debug)]
pub(super) struct Table {
    messages: Vec<Message>,
    names: BTreeMap<&'static str, MessageId>,
}

/// Which message of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct MessageId(usize);

/// One message.
#[derive(Debug)]
pub(super) struct Message {
    /// In JSON it is the value of its last field that is there, without braces.
    pub(super) is_bare: bool,
    /// Its fields by number, ascending.
    pub(super) fields: Vec<Field>,
}

/// A field of a message.
#[derive(Debug)]
pub(super) struct Field {
    number: u32,
    /// Its name in JSON; nothing where it has none.
    pub(super) name: &'static str,
    pub(super) many: Many,
    pub(super) of: Type,
    /// Whether zero, which encoders write always, or an empty list, which they never write, means
    /// that it is not there in JSON.
    pub(super) omits_zero: bool,
}

/// How many values a field holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Many {
    One,
    List,
    Map,
    /// One message, whose fields stand in JSON among those of the message around it.
    Inline,
}

/// The type of one value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Type {
    Scalar(Scalar),
    /// A message whose first field is text in JSON.
    Json,
    Message(MessageId),
}

impl Table {
    /// The messages of the built-in kinds, read once.
    pub(super) fn builtin() -> &'static Self {
        &BUILTIN
    }

    /// The message of a type of the table of facts.
    pub(super) fn named(&self, name: &str) -> Option<&Message> {
        self.names.get(name).map(|id| self.message(*id))
    }

    pub(super) fn message(&self, id: MessageId) -> &Message {
        &self.messages[id.0]
    }
}

impl Message {
    /// Where the field with this number stands among the fields.
    pub(super) fn position(&self, number: u32) -> Option<usize> {
        self.fields
            .binary_search_by_key(&number, |field| field.number)
            .ok()
    }
}

/// Reads a table; nothing when a line makes no sense.
fn parse(table: &'static str) -> Option<Table> {
    let heads = table
        .lines()
        .filter_map(|line| line.strip_prefix("message\t"));
    let heads = heads
        .map(|head| head.split_once('\t'))
        .collect::<Option<Vec<_>>>()?;
    let ids = heads.iter().enumerate();
    let names: BTreeMap<_, _> = ids
        .map(|(index, (name, _))| (*name, MessageId(index)))
        .collect();
    let mut heads = heads.iter();
    let mut messages: Vec<Message> = Vec::new();
    for line in table.lines().filter(|line| !line.starts_with('#')) {
        if let Some(cells) = line.strip_prefix('\t') {
            messages.last_mut()?.fields.push(field(cells, &names)?);
        } else {
            let (_, fact) = heads.next()?;
            messages.push(Message {
                is_bare: *fact == "bare",
                fields: Vec::new(),
            });
        }
    }
    Some(Table { messages, names })
}

fn field(cells: &'static str, names: &BTreeMap<&str, MessageId>) -> Option<Field> {
    let mut cells = cells.split('\t');
    let number = cells.next()?.parse().ok()?;
    let (name, declared, fact) = (cells.next()?, cells.next()?, cells.next()?);
    let (many, of) = match (declared.get(..2), fact) {
        (_, "inline") => (Many::Inline, declared),
        (Some("[]"), _) => (Many::List, &declared[2..]),
        (Some("{}"), _) => (Many::Map, &declared[2..]),
        _ => (Many::One, declared),
    };
    let of = one(of, names)?;
    Some(Field {
        number,
        name,
        many,
        of,
        omits_zero: fact == "omit",
    })
}

fn one(declared: &str, names: &BTreeMap<&str, MessageId>) -> Option<Type> {
    if let Some(name) = declared.strip_prefix('@') {
        return names.get(name).copied().map(Type::Message);
    }
    if declared == "json" {
        return Some(Type::Json);
    }
    Scalar::named(declared).map(Type::Scalar)
}
