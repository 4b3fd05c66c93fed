//! Trees read as types without `metadata.managedFields`: who owns what is no business of a kind's
//! rules, and takes longer to read than all the rest of a small object.

use serde::de::value::StrDeserializer;
use serde::de::{DeserializeSeed, Deserializer, IntoDeserializer, MapAccess, Visitor};
use serde::forward_to_deserialize_any;
use serde_json::{Error, Map, Value, map};

/// The part of a tree that is read.
#[derive(Clone, Copy)]
enum Part {
    Object,
    Metadata,
    /// Anything that holds no managers.
    Other,
}

impl Part {
    /// The part that stands under `name`; nothing for what is left out.
    fn child(self, name: &str) -> Option<Self> {
        match (self, name) {
            (Self::Object, "metadata") => Some(Self::Metadata),
            (Self::Metadata, "managedFields") => None,
            _ => Some(Self::Other),
        }
    }
}

/// A deserializer of an object without its managers.
pub(crate) struct Unmanaged<'a> {
    fields: &'a Map<String, Value>,
    part: Part,
}

impl<'a> Unmanaged<'a> {
    pub(crate) const fn new(object: &'a Map<String, Value>) -> Self {
        Self {
            fields: object,
            part: Part::Object,
        }
    }
}

impl<'de> Deserializer<'de> for Unmanaged<'de> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_map(Members {
            rest: self.fields.iter(),
            part: self.part,
            value: None,
        })
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit
        unit_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

struct Members<'a> {
    rest: map::Iter<'a>,
    part: Part,
    value: Option<(Part, &'a Value)>,
}

impl<'de> MapAccess<'de> for Members<'de> {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Error> {
        for (name, value) in self.rest.by_ref() {
            if let Some(part) = self.part.child(name) {
                self.value = Some((part, value));
                let name: StrDeserializer<'_, Error> = name.as_str().into_deserializer();
                return seed.deserialize(name).map(Some);
            }
        }
        Ok(None)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Error> {
        match self.value.take() {
            Some((part @ (Part::Object | Part::Metadata), Value::Object(fields))) => {
                seed.deserialize(Unmanaged { fields, part })
            }
            Some((_, value)) => seed.deserialize(value),
            None => seed.deserialize(&Value::Null),
        }
    }
}
