//! The walk over an object's JSON, which writes its message as it goes.
//!
//! Fields are written as they come, then brought into the order of their numbers; those of inline
//! messages, which in JSON stand among the others, are brought together by that. Fields that the
//! table does not know are left out.

use std::fmt;

use serde::de::{DeserializeSeed, Error, IgnoredAny, MapAccess, SeqAccess, Unexpected, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::scalar::{self, Found};
use super::wire;
use crate::proto::table::{Field, Many, Message, MessageId, Path, Place, Scalar, Table, Type};

/// Writes the message of an object.
pub(super) fn write(
    out: &mut Vec<u8>,
    message: &'static Message,
    json: &[u8],
) -> Result<(), serde_json::Error> {
    let mut writer = Writer {
        out,
        table: Table::builtin(),
        parts: Vec::new(),
        scratch: Vec::new(),
    };
    let mut reader = serde_json::Deserializer::from_slice(json);
    reader.deserialize_map(Fields {
        writer: &mut writer,
        message,
    })?;
    reader.end()
}

struct Writer<'w> {
    out: &'w mut Vec<u8>,
    table: &'static Table,
    /// The fields written so far, of the message under way and of those around it.
    parts: Vec<Part>,
    scratch: Vec<u8>,
}

/// A field that is written.
#[derive(Clone, Copy)]
struct Part {
    path: Path,
    start: usize,
    end: usize,
}

impl Writer<'_> {
    /// Brings the fields since the part `first` into order; they were written from `start` on.
    fn arrange(&mut self, first: usize, start: usize) {
        let parts = &mut self.parts[first..];
        let is_inline = parts.iter().any(|part| part.path[1] != 0);
        if is_inline || !parts.is_sorted_by_key(|part| part.path) {
            parts.sort_by_key(|part| part.path);
            self.scratch.clear();
            self.scratch.extend_from_slice(&self.out[start..]);
            self.out.truncate(start);
            let from = Origin {
                bytes: &self.scratch,
                start,
            };
            from.put(parts, 0, self.out);
        }
        self.parts.truncate(first);
    }
}

/// Where parts were written at first.
struct Origin<'o> {
    bytes: &'o [u8],
    start: usize,
}

impl Origin<'_> {
    /// Writes sorted parts that have their paths in common up to `depth`.
    fn put(&self, parts: &[Part], depth: usize, out: &mut Vec<u8>) {
        for group in parts.chunk_by(|a, b| a.path[depth] == b.path[depth]) {
            let path = &group[0].path;
            if path.get(depth + 1).is_some_and(|number| *number != 0) {
                wire::message(out, path[depth], |out| self.put(group, depth + 1, out));
                continue;
            }
            for part in group {
                let (start, end) = (part.start - self.start, part.end - self.start);
                out.extend_from_slice(&self.bytes[start..end]);
            }
        }
    }
}

/// The fields of a message that is an object in JSON.
struct Fields<'a, 'w> {
    writer: &'a mut Writer<'w>,
    message: &'static Message,
}

impl<'de> Visitor<'de> for Fields<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let Self { writer, message } = self;
        let (first, start) = (writer.parts.len(), writer.out.len());
        while let Some(place) = map.next_key_seed(Name(message))? {
            let Some(place) = place else {
                map.next_value::<IgnoredAny>()?;
                continue;
            };
            let start = writer.out.len();
            map.next_value_seed(Slot {
                writer: &mut *writer,
                place,
            })?;
            let (path, end) = (place.path, writer.out.len());
            writer.parts.push(Part { path, start, end });
        }
        writer.arrange(first, start);
        Ok(())
    }
}

/// The name of a field, which leads to its place.
struct Name(&'static Message);

impl<'de> DeserializeSeed<'de> for Name {
    type Value = Option<&'static Place>;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Self::Value, D::Error> {
        from.deserialize_str(self)
    }
}

impl Visitor<'_> for Name {
    type Value = Option<&'static Place>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<Self::Value, E> {
        Ok(self.0.place(name))
    }
}

/// The value of a field, however many values that is.
struct Slot<'a, 'w> {
    writer: &'a mut Writer<'w>,
    place: &'static Place,
}

impl<'de> DeserializeSeed<'de> for Slot<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        let Place {
            number, many, of, ..
        } = *self.place;
        match many {
            Many::List | Many::Map => from.deserialize_any(Several {
                writer: self.writer,
                number,
                of,
            }),
            Many::One | Many::Inline => One {
                writer: self.writer,
                number,
                of,
                null: Null::Nothing,
            }
            .deserialize(from),
        }
    }
}

/// The values of a list or of a map.
struct Several<'a, 'w> {
    writer: &'a mut Writer<'w>,
    number: u32,
    of: Type,
}

impl<'de> Visitor<'de> for Several<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list or a map")
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        let Self { writer, number, of } = self;
        while list
            .next_element_seed(One::part(&mut *writer, number, of))?
            .is_some()
        {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        const KEY: u32 = 1;
        const VALUE: u32 = 2;
        let Self { writer, number, of } = self;
        let text = Type::Scalar(Scalar::Text);
        loop {
            let entry = writer.out.len();
            wire::tag(writer.out, number, wire::LENGTH);
            let start = writer.out.len();
            let key = One::part(&mut *writer, KEY, text);
            if map.next_key_seed(key)?.is_none() {
                writer.out.truncate(entry);
                return Ok(());
            }
            map.next_value_seed(One::part(&mut *writer, VALUE, of))?;
            wire::close(writer.out, start);
        }
    }
}

/// What is written for null.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Null {
    /// Nothing: the field is not there.
    Nothing,
    /// Zero, for the place in the list or the map is.
    Zero,
}

/// One value.
struct One<'a, 'w> {
    writer: &'a mut Writer<'w>,
    number: u32,
    of: Type,
    null: Null,
}

impl<'de> DeserializeSeed<'de> for One<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        const TEXT: u32 = 1;
        if self.of != Type::Json {
            return from.deserialize_any(self);
        }
        let text = <&RawValue>::deserialize(from)?.get();
        if text == "null" {
            return self.visit_unit();
        }
        wire::message(self.writer.out, self.number, |out| {
            wire::piece(out, TEXT, text.as_bytes());
        });
        Ok(())
    }
}

impl<'a, 'w> One<'a, 'w> {
    /// One of several values, whose place is there whatever it holds.
    const fn part(writer: &'a mut Writer<'w>, number: u32, of: Type) -> Self {
        Self {
            writer,
            number,
            of,
            null: Null::Zero,
        }
    }

    fn scalar<E: Error>(self, found: Found<'_>) -> Result<(), E> {
        let wrong = found.unexpected();
        if let Type::Message(id) = self.of
            && let Found::Bool(truth) = found
        {
            let flag = self.bare(id, |field| field.of == Type::Scalar(Scalar::Bool));
            let flag = flag.ok_or_else(|| E::invalid_type(wrong, &self))?;
            wire::message(self.writer.out, self.number, |out| {
                scalar::flag(out, flag.number, truth);
            });
            return Ok(());
        }
        let Type::Scalar(of) = self.of else {
            return Err(E::invalid_type(wrong, &self));
        };
        let written = scalar::write(self.writer.out, self.number, of, found);
        written.ok_or_else(|| E::invalid_value(wrong, &self))
    }

    /// The field of a message without braces in JSON that `fits` what was found there.
    fn bare(&self, id: MessageId, fits: impl Fn(&Field) -> bool) -> Option<&'static Field> {
        let message = self.writer.table.message(id);
        let mut fields = message.fields.iter().filter(|_| message.is_bare);
        fields.find(|field| fits(field))
    }
}

impl<'de> Visitor<'de> for One<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.of {
            Type::Message(_) => f.write_str("an object of the field's type"),
            Type::Scalar(of) => write!(f, "a value of the type {of:?}"),
            Type::Json => f.write_str("JSON"),
        }
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        if self.null == Null::Zero {
            match self.of {
                Type::Scalar(of) => scalar::zero(self.writer.out, self.number, of),
                Type::Message(_) | Type::Json => wire::piece(self.writer.out, self.number, b""),
            }
        }
        Ok(())
    }

    fn visit_bool<E: Error>(self, truth: bool) -> Result<(), E> {
        self.scalar(Found::Bool(truth))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<(), E> {
        self.scalar(i64::try_from(number).map_or(Found::Large(number), Found::Whole))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<(), E> {
        self.scalar(Found::Whole(number))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<(), E> {
        self.scalar(Found::Fraction(number))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<(), E> {
        self.scalar(Found::Text(text))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<(), A::Error> {
        let Type::Message(id) = self.of else {
            return Err(A::Error::invalid_type(Unexpected::Map, &self));
        };
        let table = self.writer.table;
        wire::tag(self.writer.out, self.number, wire::LENGTH);
        let start = self.writer.out.len();
        if table.message(id).is_bare {
            let is_object =
                |field: &Field| field.many == Many::One && matches!(field.of, Type::Message(_));
            let object = self.bare(id, is_object);
            let object = object.ok_or_else(|| A::Error::invalid_type(Unexpected::Map, &self))?;
            // A flag beside it says whether there may be anything at all; with an object there may.
            if let Some(flag) = self.bare(id, |field| field.of == Type::Scalar(Scalar::Bool)) {
                scalar::flag(self.writer.out, flag.number, true);
            }
            let inner = One {
                writer: &mut *self.writer,
                number: object.number,
                of: object.of,
                null: Null::Nothing,
            };
            inner.visit_map(map)?;
        } else {
            let fields = Fields {
                writer: &mut *self.writer,
                message: table.message(id),
            };
            fields.visit_map(map)?;
        }
        wire::close(self.writer.out, start);
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<(), A::Error> {
        let Type::Message(id) = self.of else {
            return Err(A::Error::invalid_type(Unexpected::Seq, &self));
        };
        let items = self.bare(id, |field| field.many == Many::List);
        let items = items.ok_or_else(|| A::Error::invalid_type(Unexpected::Seq, &self))?;
        wire::tag(self.writer.out, self.number, wire::LENGTH);
        let start = self.writer.out.len();
        let several = Several {
            writer: &mut *self.writer,
            number: items.number,
            of: items.of,
        };
        several.visit_seq(list)?;
        wire::close(self.writer.out, start);
        Ok(())
    }
}
