//! From a typed kind to its descriptor: the one place where types are erased.
//!
//! Each call converts a tree to its type once, and back only when the hook changes it.

use std::any::Any;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::marker::PhantomData;
use std::sync::Arc;

use base64::Engine as _;
use gantry_api::field_error::FieldErrors;
use gantry_api::object::ShapeError;
use gantry_api::table::Row;
use gantry_api::{GroupResource, Object};
use gantry_base::name::Rule;
use gantry_base::time::Timestamp;
use gantry_schema::KindType;
use k8s_openapi::Resource;
use schemars::JsonSchema;
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::author::Author;
use crate::cost::Cost;
use crate::descriptor::{
    Descriptor, Hooks, Names, Scale, Scope, ScopeMarker, SelectableField, Verbs,
};
use crate::kind::Kind;
use crate::parts::meta;
use crate::rules::StatusRule;
use crate::subresource::Subresource;
use crate::tidy;

/// The descriptor of `K`, stored under its own resource.
#[must_use]
pub fn describe<K: Kind>() -> Descriptor {
    describe_stored_as::<K, K::Object>()
}

/// The descriptor of `K`, whose objects are stored as objects of `S`.
#[must_use]
pub fn describe_stored_as<K: Kind, S: Resource>() -> Descriptor {
    Descriptor {
        names: names::<K>(),
        scope: scope::<K>(),
        verbs: K::VERBS,
        subresources: K::SUBRESOURCES.to_vec(),
        definition: <K::Object as JsonSchema>::schema_name(),
        columns: K::COLUMNS
            .iter()
            .map(|column| column.definition())
            .collect(),
        rules: K::RULES,
        storage: GroupResource::of::<S>(),
        native: form::<K::Object>() == form::<S>(),
        storage_version_hash: if K::VERBS.keep() {
            version_hash::<S>()
        } else {
            String::new()
        },
        selectable: K::FIELDS
            .iter()
            .map(|field| Cow::Borrowed(field.label))
            .collect(),
        scale: K::SCALE.map(Scale::from),
        schema: KindType::builtin(K::Object::GROUP, K::Object::VERSION, K::Object::KIND),
        whole_items: false,
        merges_lists: true,
        is_served: true,
        remark: None,
        is_closing: false,
        form: 0,
        converter: None,
        edition: 0,
        unserved: K::UNSERVED,
        hooks: Arc::new(Erased::<K>(PhantomData)),
    }
}

fn names<K: Kind>() -> Names {
    let kind = <K::Object as Resource>::KIND;
    let borrowed = |names: &'static [&'static str]| names.iter().copied().map(Cow::Borrowed);
    Names {
        group: Cow::Borrowed(K::Object::GROUP),
        version: Cow::Borrowed(K::Object::VERSION),
        kind: Cow::Borrowed(kind),
        list_kind: Cow::Owned(format!("{kind}List")),
        plural: Cow::Borrowed(K::Object::URL_PATH_SEGMENT),
        singular: Cow::Owned(kind.to_ascii_lowercase()),
        short: borrowed(K::SHORT).collect(),
        categories: borrowed(K::CATEGORIES).collect(),
    }
}

fn scope<K: Kind>() -> Scope {
    <<K::Object as Resource>::Scope as ScopeMarker>::SCOPE
}

/// Group, version and kind.
const fn form<T: Resource>() -> (&'static str, &'static str, &'static str) {
    (T::GROUP, T::VERSION, T::KIND)
}

/// The hash that tells clients when the stored version changes.
fn version_hash<S: Resource>() -> String {
    let (group, version, kind) = form::<S>();
    hash_of(group, version, kind)
}

/// The same of a kind by its names.
pub(crate) fn hash_of(group: &str, version: &str, kind: &str) -> String {
    let stored = format!("{group}/{version}/{kind}");
    let digest = Sha256::digest(stored.as_bytes());
    base64::engine::general_purpose::STANDARD.encode(&digest[..8])
}

/// Where an object says who owns what.
const MANAGERS: [&str; 2] = ["metadata", "managedFields"];

/// The hooks of `K` over trees.
struct Erased<K>(PhantomData<fn() -> K>);

impl<K: Kind> Erased<K> {
    fn typed(object: &Object) -> Result<K::Object, ShapeError> {
        object.to_unmanaged().map_err(|source| ShapeError {
            wanted: K::Object::KIND,
            source,
        })
    }

    /// Lets `change` work on the typed form of `object`, around what is no business of a kind.
    fn change(
        object: &mut Object,
        change: impl FnOnce(&mut K::Object) -> Result<(), ShapeError>,
    ) -> Result<(), ShapeError> {
        let mut typed = Self::typed(object)?;
        change(&mut typed)?;
        let managers = object.remove(&MANAGERS);
        *object = tree::<K>(&typed)?;
        if let Some(managers) = managers {
            object.set(&MANAGERS, managers);
        }
        Ok(())
    }

    fn typed_old(old: Option<&Object>) -> Result<Option<K::Object>, ShapeError> {
        old.map(Self::typed).transpose()
    }
}

/// The tree of a typed object of `K`. Fields outside of the type are gone; they were pruned before.
pub(crate) fn tree<K: Kind>(typed: &K::Object) -> Result<Object, ShapeError> {
    let wrong = |source| ShapeError {
        wanted: K::Object::KIND,
        source,
    };
    let value = serde_json::to_value(typed).map_err(wrong)?;
    let mut object = Object::from_value(value).unwrap_or_default();
    tidy::object(&mut object, K::OPAQUE);
    Ok(object)
}

impl<K: Kind> Hooks for Erased<K> {
    fn default(&self, object: &mut Object) -> Result<(), ShapeError> {
        Self::change(object, |typed| {
            K::default(typed);
            Ok(())
        })
    }

    fn prepare(&self, object: &mut Object, old: Option<&Object>) -> Result<(), ShapeError> {
        split_status(K::RULES.status, object, old);
        Self::change(object, |typed| {
            K::default(typed);
            K::prepare(typed, Self::typed_old(old)?.as_ref());
            Ok(())
        })
    }

    fn prepare_status(&self, object: &mut Object, old: &Object) -> Result<(), ShapeError> {
        keep_all_but_status(object, old);
        K::prepare_status(object, old);
        Ok(())
    }

    fn sign(&self, object: &mut Object, old: Option<&Object>, author: &Author<'_>) {
        K::sign(object, old, author);
    }

    fn deleting(&self, object: &mut Object, now: Timestamp) {
        K::deleting(object, now);
    }

    fn validate(
        &self,
        object: &Object,
        old: Option<&Object>,
        errors: &mut FieldErrors,
    ) -> Result<Vec<String>, ShapeError> {
        let typed = Self::typed(object)?;
        let typed_old = Self::typed_old(old)?;
        if K::VERBS != Verbs::CreateOnly {
            meta::validate(object, old, scope::<K>(), K::NAME, errors);
            meta::known_finalizers(object, errors);
        }
        K::validate(&typed, typed_old.as_ref(), errors);
        if !errors.is_empty() {
            return Ok(Vec::new());
        }
        Ok(K::warnings(&typed, typed_old.as_ref()))
    }

    fn validate_status(
        &self,
        object: &Object,
        old: &Object,
        errors: &mut FieldErrors,
    ) -> Result<(), ShapeError> {
        meta::validate(object, Some(old), scope::<K>(), K::NAME, errors);
        K::validate_status(&Self::typed(object)?, &Self::typed(old)?, errors);
        Ok(())
    }

    fn prepare_part(
        &self,
        part: Subresource,
        object: &mut Object,
        old: &Object,
    ) -> Result<(), ShapeError> {
        Self::change(object, |typed| {
            K::prepare_part(part, typed, &Self::typed(old)?);
            Ok(())
        })
    }

    fn validate_part(
        &self,
        part: Subresource,
        object: &Object,
        old: &Object,
        errors: &mut FieldErrors,
    ) -> Result<(), ShapeError> {
        meta::validate(object, Some(old), scope::<K>(), K::NAME, errors);
        K::validate_part(part, &Self::typed(object)?, &Self::typed(old)?, errors);
        Ok(())
    }

    fn row(&self, object: &Object, now: Timestamp) -> Result<Row, ShapeError> {
        let typed = Self::typed(object)?;
        Ok(Row {
            cells: K::COLUMNS
                .iter()
                .map(|column| (column.cell)(&typed, now))
                .collect(),
            conditions: K::row_conditions(&typed),
            object: Value::Null,
        })
    }

    fn fields(&self, object: &Object) -> BTreeMap<Cow<'static, str>, String> {
        let value = |field: &SelectableField| {
            let label = Cow::Borrowed(field.label);
            (label, (field.read)(object))
        };
        K::FIELDS.iter().map(value).collect()
    }

    fn name_rule(&self) -> Rule {
        K::NAME
    }

    fn publish(&self, generator: &mut schemars::SchemaGenerator) {
        generator.subschema_for::<K::Object>();
    }

    fn takes(&self, resource: &str) -> bool {
        K::takes(resource)
    }

    fn cost(&self, object: &Object, now: Timestamp) -> Result<Cost, ShapeError> {
        Ok(K::cost(&Self::typed(object)?, now))
    }

    fn cost_of(&self, object: &dyn Any, now: Timestamp) -> Option<Cost> {
        Some(K::cost(object.downcast_ref()?, now))
    }

    fn to_storage(&self, object: Object) -> Object {
        K::to_storage(object)
    }

    fn restore(&self, object: Object) -> Object {
        K::restore(object)
    }
}

/// What becomes of `status` on a write to the main resource.
pub(crate) fn split_status(rule: StatusRule, object: &mut Object, old: Option<&Object>) {
    let kept = match (rule, old) {
        (StatusRule::Absent, _) | (StatusRule::TakenOnCreate, None) => return,
        (StatusRule::Separate, None) => None,
        (StatusRule::Separate | StatusRule::TakenOnCreate, Some(old)) => old.0.get("status"),
    };
    put_or_remove(object, "status", kept.cloned());
}

/// Takes everything but status and metadata from `old`.
pub(crate) fn keep_all_but_status(object: &mut Object, old: &Object) {
    let own = |name: &str| matches!(name, "apiVersion" | "kind" | "metadata" | "status");
    object.0.retain(|name, _| own(name));
    let kept = old.0.iter().filter(|(name, _)| !own(name));
    object
        .0
        .extend(kept.map(|(name, value)| (name.clone(), value.clone())));
}

fn put_or_remove(object: &mut Object, name: &str, value: Option<Value>) {
    match value {
        Some(value) => object.set(&[name], value),
        None => drop(object.remove(&[name])),
    }
}
