//! The committed table of messages, and how it is read.
//!
//! `cargo xtask gen proto` writes the table. A `message` line opens a message, a `kind` line names a
//! kind that the facts do not know; lines that begin with a tab are its fields: number, name, type,
//! fact.

use std::collections::BTreeMap;
use std::sync::LazyLock;

const TABLE: &str = include_str!("table/fields.tsv");

static BUILTIN: LazyLock<Table> =
    LazyLock::new(|| parse(TABLE).expect("the committed table is well formed"));

/// All messages.
#[derive(Debug)]
pub(crate) struct Table {
    messages: Vec<Message>,
    names: BTreeMap<&'static str, MessageId>,
    /// Kinds that the table of facts does not know: group, version and kind.
    kinds: BTreeMap<[&'static str; 3], MessageId>,
}

/// Which message of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct MessageId(usize);

/// One message.
#[derive(Debug)]
pub(crate) struct Message {
    /// In JSON it is the value of its last field that is there, without braces.
    pub(crate) is_bare: bool,
    /// Its fields by number, ascending.
    pub(crate) fields: Vec<Field>,
    /// The fields that it has in JSON, by name, ascending.
    places: Vec<Place>,
}

/// The numbers that lead to a field: those of the inline messages around it, then its own. What is
/// not needed is zero.
pub(crate) type Path = [u32; INLINE_DEPTH + 1];
/// How many messages may stand inline in one another.
const INLINE_DEPTH: usize = 2;

/// Where a field that an object has in JSON is on the wire.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    name: &'static str,
    pub(crate) path: Path,
    pub(crate) number: u32,
    pub(crate) many: Many,
    pub(crate) of: Type,
}

/// A field of a message.
#[derive(Debug)]
pub(crate) struct Field {
    pub(crate) number: u32,
    /// Its name in JSON; nothing where it has none.
    pub(crate) name: &'static str,
    pub(crate) many: Many,
    pub(crate) of: Type,
    /// Whether zero, which encoders write always, or an empty list, which they never write, means
    /// that it is not there in JSON.
    pub(crate) omits_zero: bool,
}

/// How many values a field holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Many {
    One,
    List,
    Map,
    /// One message, whose fields stand in JSON among those of the message around it.
    Inline,
}

/// The type of one value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Type {
    Scalar(Scalar),
    /// A message whose first field is text in JSON.
    Json,
    Message(MessageId),
}

/// The type of a value that is one piece in JSON, though it may be a message on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scalar {
    Text,
    Bytes,
    Bool,
    Int32,
    Int64,
    Number,
    Quantity,
    IntOrText,
    Time,
    MicroTime,
}

impl Scalar {
    /// The type that the table calls so.
    fn named(name: &str) -> Option<Self> {
        Some(match name {
            "string" => Self::Text,
            "bytes" => Self::Bytes,
            "bool" => Self::Bool,
            "int32" => Self::Int32,
            "int64" => Self::Int64,
            "number" => Self::Number,
            "quantity" => Self::Quantity,
            "int-or-string" => Self::IntOrText,
            "time" => Self::Time,
            "microtime" => Self::MicroTime,
            _ => return None,
        })
    }
}

impl Table {
    /// The messages of the built-in kinds, read once.
    pub(crate) fn builtin() -> &'static Self {
        &BUILTIN
    }

    /// The message of a type of the table of facts.
    pub(crate) fn named(&self, name: &str) -> Option<&Message> {
        self.names.get(name).map(|id| self.message(*id))
    }

    /// The message of a kind that the table of facts does not know.
    pub(crate) fn kind(&self, group: &str, version: &str, kind: &str) -> Option<&Message> {
        self.kinds
            .get(&[group, version, kind])
            .map(|id| self.message(*id))
    }

    pub(crate) fn message(&self, id: MessageId) -> &Message {
        &self.messages[id.0]
    }
}

impl Message {
    /// Where the field with this number stands among the fields.
    pub(crate) fn position(&self, number: u32) -> Option<usize> {
        self.fields
            .binary_search_by_key(&number, |field| field.number)
            .ok()
    }

    /// Where the field with this name in JSON is.
    pub(crate) fn place(&self, name: &str) -> Option<&Place> {
        let found = self
            .places
            .binary_search_by(|place| place.name.cmp(name))
            .ok()?;
        Some(&self.places[found])
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
    let mut kinds = BTreeMap::new();
    for line in table.lines().filter(|line| !line.starts_with('#')) {
        if let Some(cells) = line.strip_prefix('\t') {
            messages.last_mut()?.fields.push(field(cells, &names)?);
        } else if let Some(cells) = line.strip_prefix("kind\t") {
            let cells: Vec<&str> = cells.split('\t').collect();
            let open = MessageId(messages.len().checked_sub(1)?);
            kinds.insert(cells.try_into().ok()?, open);
        } else {
            let (_, fact) = heads.next()?;
            messages.push(Message {
                is_bare: *fact == "bare",
                fields: Vec::new(),
                places: Vec::new(),
            });
        }
    }
    let places: Option<Vec<_>> = messages
        .iter()
        .map(|message| {
            let mut places = Vec::new();
            add_places(&messages, message, &[], &mut places)?;
            places.sort_by_key(|place| place.name);
            Some(places)
        })
        .collect();
    for (message, places) in messages.iter_mut().zip(places?) {
        message.places = places;
    }
    Some(Table {
        messages,
        names,
        kinds,
    })
}

/// Adds the fields of `message`, which stands inline behind the numbers `outer`.
fn add_places(
    messages: &[Message],
    message: &Message,
    outer: &[u32],
    places: &mut Vec<Place>,
) -> Option<()> {
    for field in &message.fields {
        let numbers = [outer, &[field.number]].concat();
        if let (Many::Inline, Type::Message(inner)) = (field.many, field.of) {
            add_places(messages, &messages[inner.0], &numbers, places)?;
            continue;
        }
        let mut path = Path::default();
        path.get_mut(..numbers.len())?.copy_from_slice(&numbers);
        places.push(Place {
            name: field.name,
            path,
            number: field.number,
            many: field.many,
            of: field.of,
        });
    }
    Some(())
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
