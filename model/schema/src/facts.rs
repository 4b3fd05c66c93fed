//! The committed table of facts about built-in kinds, and how it is read.
//!
//! `cargo xtask gen` writes the table. A `type` line opens an object type, `kind` lines name the
//! kinds that have it, and lines that begin with a tab are its fields: name, shape, facts.

use std::collections::BTreeMap;

use crate::schema::{Field, ListKind, ObjectId, PatchStrategy, Schema, Shape};

/// The generated table.
pub(crate) const TABLE: &str = include_str!("facts/table.tsv");

/// A line of the table that cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("read line {line} of the table of facts: {text:?}")]
pub(crate) struct TableError {
    line: usize,
    text: String,
}

/// Reads a table into a schema.
pub(crate) fn parse(table: &str) -> Result<Schema, TableError> {
    let mut schema = Schema::default();
    let types = table.lines().filter_map(|line| line.strip_prefix("type\t"));
    let ids: BTreeMap<&str, ObjectId> = types.map(|name| (name, schema.declare(name))).collect();
    let mut open: Option<(ObjectId, Vec<Field>)> = None;
    for (index, line) in table.lines().enumerate() {
        let error = || TableError {
            line: index + 1,
            text: line.to_owned(),
        };
        if let Some(name) = line.strip_prefix("type\t") {
            close(&mut schema, open.take());
            open = Some((*ids.get(name).ok_or_else(error)?, Vec::new()));
        } else if let Some(names) = line.strip_prefix("kind\t") {
            let (id, _) = open.as_ref().ok_or_else(error)?;
            bind(&mut schema, names, *id).ok_or_else(error)?;
        } else if let Some(cells) = line.strip_prefix('\t') {
            let (_, fields) = open.as_mut().ok_or_else(error)?;
            fields.push(field(cells, &ids).ok_or_else(error)?);
        }
    }
    close(&mut schema, open);
    Ok(schema)
}

fn close(schema: &mut Schema, open: Option<(ObjectId, Vec<Field>)>) {
    if let Some((id, fields)) = open {
        schema.define(id, false, fields);
    }
}

fn bind(schema: &mut Schema, names: &str, id: ObjectId) -> Option<()> {
    let mut cells = names.split('\t');
    schema.bind(cells.next()?, cells.next()?, cells.next()?, id);
    Some(())
}

fn field(cells: &str, ids: &BTreeMap<&str, ObjectId>) -> Option<Field> {
    let mut cells = cells.split('\t');
    let (name, shape_text, words) = (cells.next()?, cells.next()?, cells.next()?);
    let mut field = Field {
        name: name.into(),
        shape: shape(shape_text, ids)?,
        required: false,
        nullable: false,
        patch: PatchStrategy::default(),
        allowed: Vec::new(),
        default: None,
    };
    for word in words.split_ascii_whitespace() {
        learn(&mut field, word)?;
    }
    Some(field)
}

fn shape(text: &str, ids: &BTreeMap<&str, ObjectId>) -> Option<Shape> {
    if let Some(item) = text.strip_prefix("[]") {
        return Some(Shape::List {
            item: Box::new(shape(item, ids)?),
            kind: ListKind::Atomic,
        });
    }
    if let Some(value) = text.strip_prefix("{}") {
        return Some(Shape::Map {
            value: Box::new(shape(value, ids)?),
            atomic: false,
        });
    }
    if let Some(name) = text.strip_prefix('@') {
        return Some(Shape::Object {
            id: *ids.get(name)?,
            atomic: false,
        });
    }
    Some(match text {
        "any" => Shape::Any,
        "string" => Shape::Text,
        "int32" => Shape::Integer { bits: 32 },
        "int64" => Shape::Integer { bits: 64 },
        "bool" => Shape::Bool,
        "number" => Shape::Number,
        "quantity" => Shape::Quantity,
        "int-or-string" => Shape::IntOrText,
        "time" => Shape::Time,
        "microtime" => Shape::MicroTime,
        "bytes" => Shape::Bytes,
        _ => return None,
    })
}

/// Adds one word of facts to a field.
fn learn(field: &mut Field, word: &str) -> Option<()> {
    let (name, value) = word.split_once('=').unwrap_or((word, ""));
    match name {
        "required" => field.required = true,
        "null" => field.nullable = true,
        "set" => set_list_kind(&mut field.shape, ListKind::Set)?,
        "keys" => {
            let mut keys: Vec<String> = value.split(',').map(String::from).collect();
            keys.sort();
            set_list_kind(&mut field.shape, ListKind::Keyed(keys))?;
        }
        "atomic" => set_atomic(&mut field.shape)?,
        "merge" => {
            field.patch.merge = true;
            field.patch.key = Some(value).filter(|key| !key.is_empty()).map(String::from);
        }
        "retain" => field.patch.retain_keys = true,
        "replace" => field.patch.replace = true,
        "enum" => field.allowed = value.split('|').map(String::from).collect(),
        "default" => field.default = Some(value.into()),
        _ => return None,
    }
    Some(())
}

fn set_list_kind(shape: &mut Shape, wanted: ListKind) -> Option<()> {
    let Shape::List { kind, .. } = shape else {
        return None;
    };
    *kind = wanted;
    Some(())
}

/// Marks the innermost object or map: a list of atomic objects can still be keyed.
fn set_atomic(shape: &mut Shape) -> Option<()> {
    if let Shape::List { item, .. } = shape {
        return set_atomic(item);
    }
    if let Shape::Map { value, .. } = shape
        && matches!(**value, Shape::Object { .. })
    {
        return set_atomic(value);
    }
    let (Shape::Map { atomic, .. } | Shape::Object { atomic, .. }) = shape else {
        return None;
    };
    *atomic = true;
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::TypeRef;

    fn pod_spec() -> TypeRef<'static> {
        Schema::builtin()
            .kind("", "v1", "Pod")
            .unwrap()
            .child("spec")
    }

    #[test]
    fn ports_are_patched_by_one_key_and_applied_by_two() {
        let ports = pod_spec()
            .child("containers")
            .item()
            .field("ports")
            .unwrap();
        assert_eq!(ports.patch.key.as_deref(), Some("containerPort"));
        let Shape::List { kind, .. } = &ports.shape else {
            panic!("a list")
        };
        assert_eq!(
            *kind,
            ListKind::Keyed(vec!["containerPort".into(), "protocol".into()])
        );
    }

    #[test]
    fn a_keyed_list_can_hold_atomic_objects() {
        let meta = Schema::builtin()
            .kind("", "v1", "Pod")
            .unwrap()
            .child("metadata");
        let owners = meta.child("ownerReferences");
        assert!(matches!(
            owners.shape(),
            Shape::List {
                kind: ListKind::Keyed(_),
                ..
            }
        ));
        assert!(matches!(
            owners.item().shape(),
            Shape::Object { atomic: true, .. }
        ));
    }

    #[test]
    fn retained_keys_and_atomic_maps_are_known() {
        assert!(pod_spec().field("volumes").unwrap().patch.retain_keys);
        assert!(matches!(
            pod_spec().child("nodeSelector").shape(),
            Shape::Map { atomic: true, .. }
        ));
    }

    #[test]
    fn a_line_that_makes_no_sense_is_refused_with_its_number() {
        let error = parse("type\ta\n\tx\tnonsense\t\n").unwrap_err();
        assert_eq!(
            error.to_string(),
            "read line 2 of the table of facts: \"\\tx\\tnonsense\\t\""
        );
    }

    #[test]
    fn an_imported_type_brings_what_it_refers_to() {
        let mut own = Schema::default();
        let source =
            Schema::builtin().kind("apiextensions.k8s.io", "v1", "CustomResourceDefinition");
        let Shape::Object { id, .. } = own.import(source.unwrap()) else {
            panic!("an object")
        };
        let versions = own.object(id).child("spec").child("versions").item();
        assert!(
            versions
                .child("schema")
                .child("openAPIV3Schema")
                .field("properties")
                .is_some()
        );
    }
}
