//! The schemas of kinds, their lists, and everything that they refer to.

use std::collections::BTreeMap;

use k8s_openapi::api::authentication::v1::TokenRequest;
use k8s_openapi::api::autoscaling::v1::Scale;
use k8s_openapi::api::core::v1::Binding;
use k8s_openapi::api::policy::v1::Eviction;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{DeleteOptions, ListMeta, Status};
use schemars::{JsonSchema, SchemaGenerator};
use serde_json::{Map, Value, json};

use gantry_kinds::{Descriptor, Subresource};

use super::dialect::Dialect;
use super::{facts, operations};

/// The definition of what a watch tells.
pub(super) const WATCH_EVENT: &str = "io.k8s.apimachinery.pkg.apis.meta.v1.WatchEvent";

/// All definitions that `kinds` need.
pub(super) fn of(kinds: &[&Descriptor], dialect: Dialect) -> Value {
    let mut generator = SchemaGenerator::default();
    for kind in kinds {
        kind.hooks.publish(&mut generator);
        for part in &kind.subresources {
            publish_spoken(*part, &mut generator);
        }
    }
    generator.subschema_for::<ListMeta>();
    generator.subschema_for::<DeleteOptions>();
    generator.subschema_for::<Status>();
    operations::publish_served(&mut generator);
    let names = kinds_by_definition(kinds);
    let mut all: Map<String, Value> = Map::new();
    for (name, mut definition) in generator.take_definitions(false) {
        facts::add(&name, &mut definition);
        if let Some(kinds) = names.get(name.as_str()) {
            definition["x-kubernetes-group-version-kind"] = json!(kinds);
        }
        dialect.translate(&mut definition);
        all.insert(name, definition);
    }
    for kind in kinds.iter().filter(|kind| kind.verbs.allow("list")) {
        all.insert(list_name(kind), list(kind, dialect));
    }
    all.insert(WATCH_EVENT.to_owned(), watch_event());
    Value::Object(all)
}

fn watch_event() -> Value {
    json!({
        "description": "What happened to an object while it was watched.",
        "type": "object",
        "required": ["type", "object"],
        "properties": {
            "type": {"type": "string", "description": "What happened."},
            "object": {"type": "object", "description": "The object afterwards."},
        },
    })
}

/// The definition of a kind's list.
pub(super) fn list_name(kind: &Descriptor) -> String {
    format!("{}List", kind.definition)
}

/// The definition of what a subresource speaks, when it is not its parent's.
pub(super) fn spoken_name(part: Subresource) -> Option<String> {
    let name = match part {
        Subresource::Binding => Binding::schema_name(),
        Subresource::Eviction => Eviction::schema_name(),
        Subresource::Scale => Scale::schema_name(),
        Subresource::Token => TokenRequest::schema_name(),
        Subresource::Approval
        | Subresource::Attach
        | Subresource::EphemeralContainers
        | Subresource::Exec
        | Subresource::Finalize
        | Subresource::Log
        | Subresource::PortForward
        | Subresource::Proxy
        | Subresource::Resize
        | Subresource::Status => return None,
    };
    Some(name.into_owned())
}

fn publish_spoken(part: Subresource, generator: &mut SchemaGenerator) {
    match part {
        Subresource::Binding => drop(generator.subschema_for::<Binding>()),
        Subresource::Eviction => drop(generator.subschema_for::<Eviction>()),
        Subresource::Scale => drop(generator.subschema_for::<Scale>()),
        Subresource::Token => drop(generator.subschema_for::<TokenRequest>()),
        Subresource::Approval
        | Subresource::Attach
        | Subresource::EphemeralContainers
        | Subresource::Exec
        | Subresource::Finalize
        | Subresource::Log
        | Subresource::PortForward
        | Subresource::Proxy
        | Subresource::Resize
        | Subresource::Status => {}
    }
}

/// Which kinds each definition describes.
fn kinds_by_definition(kinds: &[&Descriptor]) -> BTreeMap<String, Vec<Value>> {
    let mut names: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for kind in kinds {
        let list = names.entry(kind.definition.to_string()).or_default();
        list.push(named(kind, &kind.names.kind));
        for part in &kind.subresources {
            let spoken = part.speaks(&kind.names.kind).zip(spoken_name(*part));
            if let Some(((group, version, kind), name)) = spoken {
                let value = json!({"group": group, "version": version, "kind": kind});
                let list = names.entry(name).or_default();
                if !list.contains(&value) {
                    list.push(value);
                }
            }
        }
    }
    names
}

/// A kind as published schemas name it.
pub(super) fn named(kind: &Descriptor, name: &str) -> Value {
    json!({"group": kind.names.group, "version": kind.names.version, "kind": name})
}

fn list(kind: &Descriptor, dialect: Dialect) -> Value {
    json!({
        "description": format!("{} is a list of {}.", kind.names.list_kind, kind.names.plural),
        "type": "object",
        "required": ["items"],
        "properties": {
            "apiVersion": {"type": "string", "description": "The version of this form of the list."},
            "kind": {"type": "string", "description": "The kind of the list."},
            "metadata": dialect.schema_of(&ListMeta::schema_name()),
            "items": {
                "type": "array",
                "description": "The objects.",
                "items": dialect.schema_of(&kind.definition),
            },
        },
        "x-kubernetes-group-version-kind": [named(kind, &kind.names.list_kind)],
    })
}
