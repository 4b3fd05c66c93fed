//! Two values become one, as apply does it, and fields are taken out of a value.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::element::PathElement;
use super::set::{FieldSet, SetNode};
use super::structure::{Structure, item_element_or_place, structure};
use crate::schema::TypeRef;

/// What is live, with what is applied put over it.
pub(super) fn combined(live: &Value, applied: &Value, ty: TypeRef<'_>) -> Value {
    match (structure(live, ty), structure(applied, ty)) {
        (Structure::Fields(live), Structure::Fields(applied)) => {
            Value::Object(combined_fields(live, applied, ty))
        }
        (Structure::Items(live), Structure::Items(applied)) => {
            Value::Array(combined_items(live, applied, ty))
        }
        _ => applied.clone(),
    }
}

fn combined_fields(
    live: &Map<String, Value>,
    applied: &Map<String, Value>,
    ty: TypeRef<'_>,
) -> Map<String, Value> {
    let mut merged = live.clone();
    for (name, value) in applied {
        let value = match live.get(name) {
            Some(live) => combined(live, value, ty.child(name)),
            None => value.clone(),
        };
        merged.insert(name.clone(), value);
    }
    merged
}

/// Items that are applied stand in the order applied. An item of others stands before the next
/// item that both have.
fn combined_items(live: &[Value], applied: &[Value], ty: TypeRef<'_>) -> Vec<Value> {
    let live = with_elements(live, ty);
    let applied = with_elements(applied, ty);
    let by_element: BTreeMap<_, _> = live
        .iter()
        .rev()
        .map(|(element, item)| (element, *item))
        .collect();
    let wanted: BTreeSet<_> = applied.iter().map(|(element, _)| element).collect();
    let meetings = meetings(&applied, &by_element);
    let mut merged = Vec::with_capacity(live.len().max(applied.len()));
    let mut rest = live.iter().peekable();
    for ((element, item), meeting) in applied.iter().zip(meetings) {
        while let Some((passed, own)) = rest.next_if(|(passed, _)| Some(passed) != meeting) {
            merged.extend((!wanted.contains(passed)).then(|| (*own).clone()));
        }
        merged.push(match by_element.get(element) {
            Some(live) => combined(live, item, ty.item()),
            None => (*item).clone(),
        });
        rest.next_if(|(passed, _)| passed == element);
    }
    let others = rest.filter(|(element, _)| !wanted.contains(element));
    merged.extend(others.map(|(_, item)| (*item).clone()));
    merged
}

/// For each applied item, the item both have that comes next, itself included.
fn meetings<'e>(
    applied: &'e [(PathElement, &Value)],
    live: &BTreeMap<&PathElement, &Value>,
) -> Vec<Option<&'e PathElement>> {
    let mut next = None;
    let mut meetings: Vec<_> = applied
        .iter()
        .rev()
        .map(|(element, _)| {
            next = live.contains_key(element).then_some(element).or(next);
            next
        })
        .collect();
    meetings.reverse();
    meetings
}

fn with_elements<'v>(items: &'v [Value], ty: TypeRef<'_>) -> Vec<(PathElement, &'v Value)> {
    let items = items.iter().enumerate();
    items
        .map(|(place, item)| (item_element_or_place(item, place, ty), item))
        .collect()
}

/// Takes `fields` out of a value. What is empty afterwards, and was not before, goes as well,
/// unless it is one of those `kept`.
pub(super) fn remove(value: &mut Value, fields: &FieldSet, kept: &FieldSet, ty: TypeRef<'_>) {
    match (value, fields.is_empty()) {
        (Value::Object(map), false) => remove_fields(map, fields, kept, ty),
        (Value::Array(items), false) => remove_items(items, fields, kept, ty),
        _ => {}
    }
}

fn remove_fields(
    map: &mut Map<String, Value>,
    fields: &FieldSet,
    kept: &FieldSet,
    ty: TypeRef<'_>,
) {
    for node in fields.nodes() {
        let PathElement::Field(name) = &node.element else {
            continue;
        };
        if node.is_member {
            map.remove(&**name);
        } else if let Some(value) = map.get_mut(&**name) {
            let keeper = kept.find(&node.element);
            let was_empty = is_empty(value);
            remove(value, &node.below, below(keeper), ty.child(name));
            let is_kept = keeper.is_some_and(|keeper| keeper.is_member);
            if !was_empty && !is_kept && is_empty(value) {
                map.remove(&**name);
            }
        }
    }
}

fn remove_items(items: &mut Vec<Value>, fields: &FieldSet, kept: &FieldSet, ty: TypeRef<'_>) {
    let mut place = 0;
    items.retain_mut(|item| {
        let element = item_element_or_place(item, place, ty);
        place += 1;
        let Some(node) = fields.find(&element) else {
            return true;
        };
        if !node.is_member {
            remove(item, &node.below, below(kept.find(&element)), ty.item());
        }
        !node.is_member
    });
}

fn below(node: Option<&SetNode>) -> &FieldSet {
    static NOTHING: FieldSet = FieldSet::new();
    node.map_or(&NOTHING, |node| &node.below)
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Object(map) => map.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}
