//! Any object: a tree that keeps what it was given.
//!
//! Accessors read the metadata that all kinds share. A missing text is empty, a missing map is
//! absent; nothing here knows a default.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use gantry_base::selector::Labels;

use crate::key::GroupVersion;
use crate::unmanaged::Unmanaged;

/// An object of any kind, as a tree.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Object(pub Map<String, Value>);

/// A tree that does not have the shape of the type it was read as.
#[derive(Debug, thiserror::Error)]
#[error("read the object as {wanted}")]
pub struct ShapeError {
    /// The type's name.
    pub wanted: &'static str,
    /// Where the shape differs.
    #[source]
    pub source: serde_json::Error,
}

impl Object {
    /// The tree in `value`, when it is an object.
    #[must_use]
    pub fn from_value(value: Value) -> Option<Self> {
        match value {
            Value::Object(fields) => Some(Self(fields)),
            Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::String(_)
            | Value::Array(_) => None,
        }
    }

    /// The tree of a typed object.
    pub fn from_typed<T: Serialize>(typed: &T) -> Result<Self, ShapeError> {
        let wrong = |source| ShapeError {
            wanted: std::any::type_name::<T>(),
            source,
        };
        serde_json::from_value(serde_json::to_value(typed).map_err(wrong)?).map_err(wrong)
    }

    /// The typed form of the tree.
    pub fn to_typed<T: DeserializeOwned>(&self) -> Result<T, ShapeError> {
        T::deserialize(&self.0).map_err(|source| ShapeError {
            wanted: std::any::type_name::<T>(),
            source,
        })
    }

    /// The typed form of the tree, without its managed fields.
    pub fn to_unmanaged<T: DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        T::deserialize(Unmanaged::new(&self.0))
    }

    /// The tree as a plain value.
    #[must_use]
    pub fn into_value(self) -> Value {
        Value::Object(self.0)
    }

    /// The value at a path of field names.
    #[must_use]
    pub fn at(&self, path: &[&str]) -> Option<&Value> {
        let (first, rest) = path.split_first()?;
        rest.iter()
            .try_fold(self.0.get(*first)?, |value, name| value.get(name))
    }

    /// The text at a path; empty when there is none.
    #[must_use]
    pub fn text(&self, path: &[&str]) -> &str {
        self.at(path).and_then(Value::as_str).unwrap_or("")
    }

    /// Puts `value` at `path`, making the maps on the way.
    pub fn set(&mut self, path: &[&str], value: Value) {
        let Some((last, parents)) = path.split_last() else {
            return;
        };
        let mut place = &mut self.0;
        for name in parents {
            let child = place
                .entry(*name)
                .or_insert_with(|| Value::Object(Map::new()));
            if !child.is_object() {
                *child = Value::Object(Map::new());
            }
            place = child.as_object_mut().expect("it was just made a map");
        }
        place.insert((*last).to_owned(), value);
    }

    /// Takes the value at `path` away.
    pub fn remove(&mut self, path: &[&str]) -> Option<Value> {
        let (last, parents) = path.split_last()?;
        let mut place = &mut self.0;
        for name in parents {
            place = place.get_mut(*name)?.as_object_mut()?;
        }
        place.remove(*last)
    }

    /// `apiVersion`.
    #[must_use]
    pub fn api_version(&self) -> GroupVersion {
        GroupVersion::parse(self.text(&["apiVersion"]))
    }

    /// `kind`.
    #[must_use]
    pub fn kind(&self) -> &str {
        self.text(&["kind"])
    }

    /// `metadata.name`.
    #[must_use]
    pub fn name(&self) -> &str {
        self.text(&["metadata", "name"])
    }

    /// `metadata.namespace`.
    #[must_use]
    pub fn namespace(&self) -> &str {
        self.text(&["metadata", "namespace"])
    }

    /// `metadata.uid`.
    #[must_use]
    pub fn uid(&self) -> &str {
        self.text(&["metadata", "uid"])
    }

    /// `metadata.resourceVersion`.
    #[must_use]
    pub fn resource_version(&self) -> &str {
        self.text(&["metadata", "resourceVersion"])
    }

    /// `metadata.labels`.
    #[must_use]
    pub fn labels(&self) -> Labels {
        self.texts(&["metadata", "labels"])
    }

    /// `metadata.annotations`.
    #[must_use]
    pub fn annotations(&self) -> Labels {
        self.texts(&["metadata", "annotations"])
    }

    /// `metadata.finalizers`.
    #[must_use]
    pub fn finalizers(&self) -> Vec<&str> {
        let list = self
            .at(&["metadata", "finalizers"])
            .and_then(Value::as_array);
        list.into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect()
    }

    /// Whether deletion has begun.
    #[must_use]
    pub fn is_terminating(&self) -> bool {
        !self.text(&["metadata", "deletionTimestamp"]).is_empty()
    }

    /// `metadata.generation`; zero when absent.
    #[must_use]
    pub fn generation(&self) -> i64 {
        self.at(&["metadata", "generation"])
            .and_then(Value::as_i64)
            .unwrap_or(0)
    }

    fn texts(&self, path: &[&str]) -> Labels {
        let map = self.at(path).and_then(Value::as_object);
        let text =
            |(key, value): (&String, &Value)| Some((key.clone(), value.as_str()?.to_owned()));
        map.into_iter().flatten().filter_map(text).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_set_can_be_read_and_removed() {
        let mut object = Object::default();
        object.set(&["metadata", "labels", "app"], Value::from("web"));
        assert_eq!(object.labels()["app"], "web");
        assert_eq!(
            object.remove(&["metadata", "labels", "app"]),
            Some(Value::from("web"))
        );
        assert_eq!(object.remove(&["spec", "x"]), None);
        assert!(object.labels().is_empty());
    }

    /// A number that moved whenever it was read would make a write of each read.
    #[test]
    fn numbers_are_read_as_they_were_written() {
        let mut bits = 1_u64;
        for _ in 0..10_000 {
            bits = bits.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(1);
            let number = f64::from_bits(bits);
            if number.is_finite() {
                let text = serde_json::to_string(&number).unwrap();
                let read: Value = serde_json::from_str(&text).unwrap();
                assert_eq!(read.as_f64(), Some(number), "{text}");
            }
        }
    }
}
