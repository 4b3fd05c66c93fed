//! What to send so that an object becomes what a manifest says, without touching what others set.
//!
//! Three versions count: what was applied last time, what is wanted now, and what is there. Fields
//! that were applied and are no longer wanted are deleted; fields nobody applied are left alone.

#[cfg(test)]
mod tests;

use std::sync::LazyLock;

use gantry_schema::schema::PatchStrategy;
use gantry_schema::{Schema, TypeRef};
use serde_json::{Map, Value, json};

type Tree = Map<String, Value>;

/// A patch and how it is to be read.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Patch {
    /// The media type.
    pub(crate) media_type: &'static str,
    /// The patch; empty when there is nothing to change.
    pub(crate) body: Value,
}

/// The media type of JSON merge patches.
pub(crate) const MERGE: &str = "application/merge-patch+json";
/// The media type of strategic merge patches.
pub(crate) const STRATEGIC: &str = "application/strategic-merge-patch+json";

impl Patch {
    /// Whether nothing would change.
    pub(crate) fn is_empty(&self) -> bool {
        self.body.as_object().is_some_and(Map::is_empty)
    }
}

/// From `current` to `modified`, deleting what only `original` had.
pub(crate) fn three_way(original: &Value, modified: &Value, current: &Value) -> Patch {
    let text = |field: &str| modified[field].as_str().unwrap_or_default();
    let (group, version) = match text("apiVersion").split_once('/') {
        Some((group, version)) => (group, version),
        None => ("", text("apiVersion")),
    };
    let schema = Schema::builtin();
    let known = schema.kind(group, version, text("kind"));
    let body = maps(
        tree(original),
        tree(modified),
        tree(current),
        known.unwrap_or(schema.free()),
    );
    Patch {
        media_type: if known.is_some() { STRATEGIC } else { MERGE },
        body: Value::Object(body),
    }
}

/// From `original` to `modified`.
pub(crate) fn two_way(original: &Value, modified: &Value) -> Patch {
    three_way(original, modified, original)
}

fn tree(value: &Value) -> &Tree {
    static EMPTY: LazyLock<Tree> = LazyLock::new(Tree::new);
    value.as_object().unwrap_or_else(|| &*EMPTY)
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn maps(original: &Tree, modified: &Tree, current: &Tree, ty: TypeRef<'_>) -> Tree {
    let mut patch = Tree::new();
    for (name, wanted) in modified.iter().filter(|(_, wanted)| !wanted.is_null()) {
        let there = current.get(name).unwrap_or(&Value::Null);
        let before = original.get(name).unwrap_or(&Value::Null);
        if wanted != there {
            field(&mut patch, name, [before, wanted, there], ty);
        }
    }
    for name in original.keys() {
        let is_wanted = modified.get(name).is_some_and(|wanted| !wanted.is_null());
        if !is_wanted && current.contains_key(name) {
            patch.insert(name.clone(), Value::Null);
        }
    }
    patch
}

/// Adds what one field needs. `versions` are the original, the modified and the current one.
fn field(patch: &mut Tree, name: &str, versions: [&Value; 3], ty: TypeRef<'_>) {
    let [before, wanted, there] = versions;
    let strategy = ty
        .field(name)
        .map(|field| field.patch.clone())
        .unwrap_or_default();
    if wanted.is_object() && there.is_object() && !strategy.replace {
        let mut inner = maps(tree(before), tree(wanted), tree(there), ty.child(name));
        if inner.is_empty() {
            return;
        }
        if strategy.retain_keys {
            inner.insert("$retainKeys".to_owned(), keys_of(wanted));
        }
        patch.insert(name.to_owned(), Value::Object(inner));
    } else if wanted.is_array() && there.is_array() && strategy.merge {
        lists(patch, name, versions, &strategy, ty);
    } else {
        patch.insert(name.to_owned(), wanted.clone());
    }
}

fn keys_of(value: &Value) -> Value {
    tree(value).keys().map(String::as_str).collect()
}

fn lists(
    patch: &mut Tree,
    name: &str,
    versions: [&Value; 3],
    strategy: &PatchStrategy,
    ty: TypeRef<'_>,
) {
    let [before, wanted, there] = versions.map(list);
    let Some(key) = strategy.key.as_deref() else {
        return plain_lists(patch, name, [before, wanted, there]);
    };
    let mut changes: Vec<Value> = Vec::new();
    for item in wanted {
        let find = |list: &'_ [Value]| list.iter().position(|other| other[key] == item[key]);
        match find(there) {
            None => changes.push(item.clone()),
            Some(place) => {
                let original = find(before).map_or(&Value::Null, |place| &before[place]);
                let item_type = ty.child(name).item();
                let mut inner = maps(tree(original), tree(item), tree(&there[place]), item_type);
                if !inner.is_empty() {
                    if strategy.retain_keys {
                        inner.insert("$retainKeys".to_owned(), keys_of(item));
                    }
                    inner.insert(key.to_owned(), item[key].clone());
                    changes.push(Value::Object(inner));
                }
            }
        }
    }
    for item in before {
        let in_list = |list: &[Value]| list.iter().any(|other| other[key] == item[key]);
        if !in_list(wanted) && in_list(there) {
            changes.push(json!({"$patch": "delete", (key): item[key]}));
        }
    }
    let order = |list: &[Value]| -> Vec<Value> {
        let known = list
            .iter()
            .filter(|item| wanted.iter().any(|other| other[key] == item[key]));
        known.map(|item| json!({(key): item[key]})).collect()
    };
    let is_reordered = order(there) != order(wanted);
    if !changes.is_empty() || is_reordered {
        patch.insert(
            format!("$setElementOrder/{name}"),
            Value::Array(order(wanted)),
        );
    }
    if !changes.is_empty() {
        patch.insert(name.to_owned(), Value::Array(changes));
    }
}

/// Lists of texts and numbers, which are merged as sets.
fn plain_lists(patch: &mut Tree, name: &str, versions: [&[Value]; 3]) {
    let [before, wanted, there] = versions;
    let added: Vec<Value> = wanted
        .iter()
        .filter(|item| !there.contains(item))
        .cloned()
        .collect();
    let is_gone = |item: &&Value| !wanted.contains(item) && there.contains(item);
    let deleted: Vec<Value> = before.iter().filter(is_gone).cloned().collect();
    if !added.is_empty() || !deleted.is_empty() {
        patch.insert(format!("$setElementOrder/{name}"), wanted.into());
    }
    if !added.is_empty() {
        patch.insert(name.to_owned(), Value::Array(added));
    }
    if !deleted.is_empty() {
        patch.insert(
            format!("$deleteFromPrimitiveList/{name}"),
            Value::Array(deleted),
        );
    }
}
