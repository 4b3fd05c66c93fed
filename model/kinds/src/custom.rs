//! From a custom resource definition to the descriptors of the kinds that it defines: one for each
//! version that is served, and for the one that is stored.
//!
//! What a definition says is read once, here; nothing that reads a [`Descriptor`] can tell it from
//! that of a built-in kind. A definition whose names were not accepted defines nothing yet.

mod columns;
mod converter;
mod definition;
mod hooks;
mod published;
pub(crate) mod rules;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::sync::Arc;

use gantry_api::{GroupResource, Object};
use gantry_base::hash::Fnv;
use gantry_schema::schema::KindType;
use gantry_schema::{Constraints, Schema};
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use serde::Deserialize;
use serde_json::Value;

use crate::describe::hash_of;
use crate::descriptor::{Descriptor, Names, Scale, Scope, Verbs};
use crate::rules::{Generation, Rules, StatusRule};
use crate::subresource::Subresource;
use columns::Columns;
pub use converter::Converter;
use definition::{Definition, Version};
use hooks::{Custom, Selected};

/// Under which resource definitions are stored.
#[must_use]
pub fn definitions() -> GroupResource {
    GroupResource::of::<CustomResourceDefinition>()
}

/// The kinds that `definition` defines as it is at revision `edition`. Nothing when its names were
/// not accepted, or when it is none.
#[must_use]
pub fn descriptors(definition: &Object, edition: u64) -> Vec<Descriptor> {
    let Ok(definition) = Definition::deserialize(&definition.0) else {
        return Vec::new();
    };
    if !definition.is_established() {
        return Vec::new();
    }
    let versions = definition.spec.versions.iter();
    let known = versions.filter(|version| version.served || version.storage);
    known
        .map(|version| descriptor(&definition, version, edition))
        .collect()
}

fn descriptor(definition: &Definition, version: &Version, edition: u64) -> Descriptor {
    let names = names(definition, version);
    let stored = definition.stored_version();
    let resource = names.resource();
    let paths = version.scale_paths();
    let custom = custom(definition, version, &names);
    Descriptor {
        scope: custom.scope,
        verbs: Verbs::All,
        subresources: subresources(version),
        definition: Cow::Owned(published::name(&names)),
        columns: custom.columns.heads(),
        rules: rules(version),
        native: version.storage,
        storage_version_hash: hash_of(&names.group, stored, &names.kind),
        selectable: custom.selectable.iter().map(Selected::label).collect(),
        scale: paths,
        unserved: None,
        schema: custom.schema.clone(),
        whole_items: true,
        merges_lists: false,
        is_served: version.served,
        remark: definition.remark(version),
        is_closing: definition.metadata.deletion_timestamp.is_some(),
        form: custom.form,
        converter: definition.converter().map(Arc::new),
        edition,
        hooks: Arc::new(custom),
        storage: resource,
        names,
    }
}

fn names(definition: &Definition, version: &Version) -> Names {
    let accepted = &definition.status.accepted_names;
    let owned = |name: &String| Cow::Owned(name.clone());
    Names {
        group: owned(&definition.spec.group),
        version: owned(&version.name),
        kind: owned(&accepted.kind),
        list_kind: owned(&accepted.list_kind),
        plural: owned(&accepted.plural),
        singular: owned(&accepted.singular),
        short: accepted.short_names.iter().map(owned).collect(),
        categories: accepted.categories.iter().map(owned).collect(),
    }
}

fn custom(definition: &Definition, version: &Version, names: &Names) -> Custom {
    let schema = version.schema();
    let (own, id) = Schema::custom(schema);
    let stored = definition.stored_version();
    let api_version = names.group_version().to_string();
    // What was stored as another version says so, and is not to be handed out as it is.
    let form = Fnv::default().with(api_version.as_bytes());
    let form = form.with(format!("{own:?}").as_bytes()).value();
    Custom {
        api_version,
        stored_version: format!("{}/{stored}", names.group),
        kind: names.kind.to_string(),
        scope: scope(definition),
        status: rules(version).status,
        form,
        schema: KindType::of(Arc::new(own), id),
        constraints: Constraints::read(schema),
        judged: rules::Rules::read(schema),
        columns: Columns::of(&version.additional_printer_columns),
        selectable: version.selectable_fields.iter().map(Selected::of).collect(),
        scale: version.scale_paths(),
        definition: published::name(names),
        published: published::schema(schema),
    }
}

fn scope(definition: &Definition) -> Scope {
    match definition.spec.scope.as_str() {
        "Cluster" => Scope::Cluster,
        _ => Scope::Namespaced,
    }
}

fn subresources(version: &Version) -> Vec<Subresource> {
    let known = [
        (Subresource::Scale, version.subresources.scale.is_some()),
        (Subresource::Status, version.subresources.status.is_some()),
    ];
    let present = known.into_iter().filter(|(_, is_there)| *is_there);
    present.map(|(part, _)| part).collect()
}

/// Objects must be named with the revision they replace; where there is a status of its own, it does
/// not count as a change.
fn rules(version: &Version) -> Rules {
    let (status, generation) = match version.subresources.status {
        Some(Value::Object(_)) => (StatusRule::Separate, Generation::CountsAllButStatus),
        _ => (StatusRule::Absent, Generation::CountsAll),
    };
    Rules {
        status,
        generation,
        ..Rules::new().conditional()
    }
}

impl Version {
    fn scale_paths(&self) -> Option<Scale> {
        let scale = self.subresources.scale.as_ref()?;
        let names = |path: &str| -> Vec<String> {
            let path = path.strip_prefix('.').unwrap_or(path);
            let names = path.split('.').filter(|name| !name.is_empty());
            names.map(str::to_owned).collect()
        };
        Some(Scale {
            spec_replicas: names(&scale.spec_replicas_path),
            status_replicas: names(&scale.status_replicas_path),
            selector: names(scale.label_selector_path.as_deref().unwrap_or("")),
        })
    }
}
