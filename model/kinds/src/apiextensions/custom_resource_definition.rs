//! `CustomResourceDefinition`: a kind that a user invents.
//!
//! What it defines is served by whoever reads [`crate::custom`]; here it is checked and kept.

mod amounts;
mod conversion;
mod going;
#[cfg(test)]
mod malicious;
mod names;
mod schema;
#[cfg(test)]
mod tests;
mod versions;

use gantry_api::Object;
use gantry_api::field_error::FieldErrors;
use gantry_api::views::Meta;
use gantry_base::{FieldPath, Timestamp};
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{
    CustomResourceDefinition, CustomResourceDefinitionSpec, CustomResourceDefinitionStatus,
};

use crate::column::Column;
use crate::kind::Kind;
use crate::parts::check;
use crate::rules::{Generation, Rules};
use crate::subresource::Subresource;

pub use going::CLEANUP;

const SCOPES: [&str; 2] = ["Cluster", "Namespaced"];

/// A kind that a user invents.
#[derive(Debug)]
pub struct CustomResourceDefinitions;

impl Kind for CustomResourceDefinitions {
    type Object = CustomResourceDefinition;

    const SHORT: &'static [&'static str] = &["crd", "crds"];
    const CATEGORIES: &'static [&'static str] = &["api-extensions"];
    const SUBRESOURCES: &'static [Subresource] = &[Subresource::Status];
    const COLUMNS: &'static [Column<CustomResourceDefinition>] = Column::NAME_AND_CREATED_AT;
    const RULES: Rules = Rules {
        generation: Generation::CountsAllButStatus,
        ..Rules::new().with_status().conditional()
    };
    const OPAQUE: &'static [&'static str] = &["spec.versions.schema"];

    fn default(definition: &mut CustomResourceDefinition) {
        names::default(&mut definition.spec.names);
        conversion::default(definition.spec.conversion.get_or_insert_default());
    }

    fn prepare(definition: &mut CustomResourceDefinition, _old: Option<&CustomResourceDefinition>) {
        let stored = definition.spec.versions.iter().filter(|own| own.storage);
        let stored: Vec<String> = stored.map(|own| own.name.clone()).collect();
        let status = definition.status.get_or_insert_default();
        let known = status.stored_versions.get_or_insert_default();
        for version in stored {
            if !known.contains(&version) {
                known.push(version);
            }
        }
    }

    fn deleting(object: &mut Object, now: Timestamp) {
        going::mark(object, now);
    }

    fn validate(
        definition: &CustomResourceDefinition,
        old: Option<&CustomResourceDefinition>,
        errors: &mut FieldErrors,
    ) {
        let spec = &definition.spec;
        let required = format!("{}.{}", spec.names.plural, spec.group);
        if definition.name() != required {
            let detail = "must be spec.names.plural+\".\"+spec.group";
            errors.invalid(&"metadata.name".into(), definition.name(), detail);
        }
        let path = FieldPath::new("spec");
        names::group(definition, &path.field("group"), errors);
        check::one_of(Some(&spec.scope), &SCOPES, &path.field("scope"), errors);
        versions::validate(spec, &path, errors);
        names::validate(&spec.names, &path.field("names"), errors);
        conversion::validate(spec, &path, errors);
        if spec.preserve_unknown_fields == Some(true) {
            errors.invalid(&path.field("preserveUnknownFields"), true, "must be false");
        }
        if let Some(old) = old {
            unchanged(definition, old, &path, errors);
            stored_versions(definition, errors);
        }
    }

    fn validate_status(
        definition: &CustomResourceDefinition,
        _old: &CustomResourceDefinition,
        errors: &mut FieldErrors,
    ) {
        stored_versions(definition, errors);
        let accepted = status(definition).and_then(|status| status.accepted_names.as_ref());
        if let Some(accepted) = accepted {
            let path = FieldPath::new("status").field("acceptedNames");
            names::notation(accepted, &path, errors);
        }
    }
}

fn status(definition: &CustomResourceDefinition) -> Option<&CustomResourceDefinitionStatus> {
    definition.status.as_ref()
}

/// What stays: the path of the objects, and what they are stored as once they can exist.
fn unchanged(
    definition: &CustomResourceDefinition,
    old: &CustomResourceDefinition,
    path: &FieldPath,
    errors: &mut FieldErrors,
) {
    let (new, was): (&CustomResourceDefinitionSpec, _) = (&definition.spec, &old.spec);
    let names = path.field("names");
    if is_established(old) {
        errors.require_same(&path.field("scope"), &new.scope, &was.scope);
        errors.require_same(&names.field("kind"), &new.names.kind, &was.names.kind);
    }
    errors.require_same(&path.field("group"), &new.group, &was.group);
    errors.require_same(&names.field("plural"), &new.names.plural, &was.names.plural);
}

fn is_established(definition: &CustomResourceDefinition) -> bool {
    let conditions = status(definition).and_then(|status| status.conditions.as_ref());
    let mut conditions = conditions.into_iter().flatten();
    conditions.any(|own| own.type_ == "Established" && own.status == "True")
}

/// A version that objects may be stored in must stay known.
fn stored_versions(definition: &CustomResourceDefinition, errors: &mut FieldErrors) {
    let stored = status(definition).and_then(|status| status.stored_versions.as_ref());
    let path = FieldPath::new("status").field("storedVersions");
    for (index, version) in stored.into_iter().flatten().enumerate() {
        let mut known = definition.spec.versions.iter();
        if !known.any(|known| known.name == *version) {
            errors.invalid(&path.index(index), version, "must appear in spec.versions");
        }
    }
}
