//! What a custom kind does to its objects: all of it follows from the definition.

use std::borrow::Cow;
use std::collections::BTreeMap;

use gantry_api::Object;
use gantry_api::field_error::FieldErrors;
use gantry_api::jsonpath::shown;
use gantry_api::object::ShapeError;
use gantry_api::table::Row;
use gantry_base::FieldPath;
use gantry_base::name::{self, Rule};
use gantry_base::time::Timestamp;
use gantry_schema::schema::KindType;
use gantry_schema::{Constraints, default, prune};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde_json::Value;

use super::columns::Columns;
use super::definition::SelectableField;
use super::rules::Rules;
use crate::author::Author;
use crate::describe::{keep_all_but_status, split_status};
use crate::descriptor::{Hooks, Scale, Scope};
use crate::parts::meta;
use crate::rules::StatusRule;
use crate::subresource::Subresource;

/// One version of a custom kind.
pub(super) struct Custom {
    pub(super) api_version: String,
    /// The version in which objects are stored.
    pub(super) stored_version: String,
    pub(super) kind: String,
    pub(super) scope: Scope,
    pub(super) status: StatusRule,
    pub(super) form: u64,
    pub(super) schema: KindType,
    pub(super) constraints: Constraints,
    /// What its definition asks in expressions.
    pub(super) judged: Rules,
    pub(super) columns: Columns,
    pub(super) selectable: Vec<Selected>,
    pub(super) scale: Option<Scale>,
    /// The name of the published schema.
    pub(super) definition: String,
    pub(super) published: Value,
}

/// A field that field selectors may name.
#[derive(Debug)]
pub(super) struct Selected {
    label: String,
}

impl Selected {
    pub(super) fn of(field: &SelectableField) -> Self {
        let path = &field.json_path;
        let label = path.strip_prefix('.').unwrap_or(path).to_owned();
        Self { label }
    }

    pub(super) fn label(&self) -> Cow<'static, str> {
        Cow::Owned(self.label.clone())
    }

    fn value(&self, object: &Object) -> String {
        let path: Vec<&str> = self.label.split('.').collect();
        object.at(&path).map(shown).unwrap_or_default()
    }
}

impl Custom {
    fn fill(&self, object: &mut Object) {
        on_tree(object, |tree| default::default(tree, self.schema.get()));
    }

    /// The numbers that the scale subresource shows must be such.
    fn check_scale(&self, object: &Object, parts: &[ScalePart], errors: &mut FieldErrors) {
        let Some(scale) = &self.scale else { return };
        for part in parts {
            let path = match part {
                ScalePart::Spec => &scale.spec_replicas,
                ScalePart::Status => &scale.status_replicas,
            };
            let names: Vec<&str> = path.iter().map(String::as_str).collect();
            let Some(found) = object.at(&names) else {
                continue;
            };
            let at = FieldPath::new(format!(".{}", path.join(".")));
            match found.as_i64() {
                Some(number) if number < 0 => {
                    errors.invalid(&at, number, "should be a non-negative integer");
                }
                Some(number) if i32::try_from(number).is_err() => {
                    let detail = format!("should be less than or equal to {}", i32::MAX);
                    errors.invalid(&at, number, detail);
                }
                Some(_) => {}
                None => errors.invalid(&at, 0, "is of the wrong type, expected an integer"),
            }
        }
    }
}

/// A half of what the scale subresource shows.
enum ScalePart {
    Spec,
    Status,
}

fn on_tree(object: &mut Object, work: impl FnOnce(&mut Value)) {
    let mut tree = Value::Object(std::mem::take(&mut object.0));
    work(&mut tree);
    if let Value::Object(fields) = tree {
        object.0 = fields;
    }
}

impl Hooks for Custom {
    fn default(&self, object: &mut Object) -> Result<(), ShapeError> {
        self.fill(object);
        Ok(())
    }

    fn prepare(&self, object: &mut Object, old: Option<&Object>) -> Result<(), ShapeError> {
        split_status(self.status, object, old);
        self.fill(object);
        Ok(())
    }

    fn prepare_status(&self, object: &mut Object, old: &Object) -> Result<(), ShapeError> {
        keep_all_but_status(object, old);
        Ok(())
    }

    fn sign(&self, _object: &mut Object, _old: Option<&Object>, _author: &Author<'_>) {}

    fn validate(
        &self,
        object: &Object,
        old: Option<&Object>,
        errors: &mut FieldErrors,
    ) -> Result<Vec<String>, ShapeError> {
        meta::validate(object, old, self.scope, name::dns_subdomain, errors);
        let found = self.constraints.check(&object.0, old.map(|old| &old.0));
        found
            .into_vec()
            .into_iter()
            .for_each(|error| errors.push(error));
        self.check_scale(object, &[ScalePart::Spec, ScalePart::Status], errors);
        let mut remarks = self.judged.judge(object, old, errors);
        remarks.extend(meta::odd_finalizers(object, old));
        Ok(remarks)
    }

    fn validate_status(
        &self,
        object: &Object,
        old: &Object,
        errors: &mut FieldErrors,
    ) -> Result<(), ShapeError> {
        meta::validate(object, Some(old), self.scope, name::dns_subdomain, errors);
        let found = self.constraints.check_status(&object.0, Some(&old.0));
        found
            .into_vec()
            .into_iter()
            .for_each(|error| errors.push(error));
        self.check_scale(object, &[ScalePart::Status], errors);
        self.judged.judge(object, Some(old), errors);
        Ok(())
    }

    fn prepare_part(
        &self,
        _part: Subresource,
        _object: &mut Object,
        _old: &Object,
    ) -> Result<(), ShapeError> {
        Ok(())
    }

    fn validate_part(
        &self,
        _part: Subresource,
        object: &Object,
        old: &Object,
        errors: &mut FieldErrors,
    ) -> Result<(), ShapeError> {
        self.validate(object, Some(old), errors).map(drop)
    }

    fn row(&self, object: &Object, now: Timestamp) -> Result<Row, ShapeError> {
        let tree = Value::Object(object.0.clone());
        Ok(Row {
            cells: self.columns.cells(&tree, now),
            conditions: Vec::new(),
            object: Value::Null,
        })
    }

    fn fields(&self, object: &Object) -> BTreeMap<Cow<'static, str>, String> {
        let selectable = self.selectable.iter();
        selectable
            .map(|field| (field.label(), field.value(object)))
            .collect()
    }

    fn name_rule(&self) -> Rule {
        name::dns_subdomain
    }

    fn publish(&self, generator: &mut schemars::SchemaGenerator) {
        generator.subschema_for::<ObjectMeta>();
        let definitions = generator.definitions_mut();
        definitions.insert(self.definition.clone(), self.published.clone());
    }

    fn to_storage(&self, mut object: Object) -> Object {
        let version = self.stored_version.as_str();
        object.set(&["apiVersion"], version.into());
        object
    }

    fn restore(&self, mut object: Object) -> Object {
        object.set(&["apiVersion"], self.api_version.as_str().into());
        object.set(&["kind"], self.kind.as_str().into());
        on_tree(&mut object, |tree| {
            prune::prune(tree, self.schema.get());
            default::default(tree, self.schema.get());
        });
        object
    }
}
