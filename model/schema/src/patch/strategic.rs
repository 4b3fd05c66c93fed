//! Strategic merge patch: objects are merged field by field, and lists whose items can be told
//! apart are merged item by item.
//!
//! Which lists those are, and by which key, is the schema's to say. What the schema does not know
//! is merged as plain JSON.

use serde_json::{Map, Value};

use super::PatchError;
use super::directives::{self, Action, Directives, without_directives, wrong};
use super::order;
use crate::schema::{PatchStrategy, TypeRef};
use crate::trail::Trail;

type Object = Map<String, Value>;

/// Applies a strategic merge patch to an object of type `ty`.
pub fn strategic(target: Value, patch: Value, ty: TypeRef<'_>) -> Result<Value, PatchError> {
    let root = Trail::Root;
    match (target, patch) {
        (Value::Object(target), Value::Object(patch)) => {
            merge_object(target, patch, ty, &root).map(Value::Object)
        }
        _ => Err(wrong(&root, "expected an object".into())),
    }
}

fn merge_object(
    mut target: Object,
    mut patch: Object,
    ty: TypeRef<'_>,
    at: &Trail<'_>,
) -> Result<Object, PatchError> {
    let mut directives = directives::take(&mut patch, at)?;
    match directives.action {
        Action::Replace => return Ok(plain(patch)),
        Action::Delete => return Ok(Object::new()),
        Action::Merge => {}
    }
    retain(&mut target, &patch, directives.retain.take(), at)?;
    let before = prepare_lists(&mut target, &patch, &directives, ty, at)?;
    for (name, value) in patch {
        merge_field(&mut target, &name, value, ty, &Trail::Field(at, &name))?;
    }
    order_lists(&mut target, &before, directives, ty);
    Ok(target)
}

fn plain(patch: Object) -> Object {
    let fields = patch.into_iter().filter(|(_, value)| !value.is_null());
    fields
        .map(|(name, value)| (name, without_directives(value)))
        .collect()
}

/// Forgets what `$retainKeys` does not list.
fn retain(
    target: &mut Object,
    patch: &Object,
    keys: Option<Vec<String>>,
    at: &Trail<'_>,
) -> Result<(), PatchError> {
    let Some(keys) = keys else { return Ok(()) };
    let stray = patch
        .iter()
        .find(|(name, value)| !value.is_null() && !keys.contains(name));
    if let Some((name, _)) = stray {
        return Err(wrong(
            at,
            format!("$retainKeys must list {name:?}, which the patch sets"),
        ));
    }
    target.retain(|name, _| keys.contains(name));
    Ok(())
}

/// Takes deleted values out of lists and checks the orders that are asked for. Returns the lists
/// that are to be ordered as they stood.
fn prepare_lists(
    target: &mut Object,
    patch: &Object,
    directives: &Directives,
    ty: TypeRef<'_>,
    at: &Trail<'_>,
) -> Result<Object, PatchError> {
    for (name, order) in &directives.order {
        if let Some(Value::Array(items)) = patch.get(name) {
            let key = strategy(ty, name).key;
            let wanted = order::places(order, key.as_deref());
            order::check(items, &wanted, key.as_deref(), &Trail::Field(at, name))?;
        }
    }
    let ordered = directives.order.keys();
    let before = ordered.filter_map(|name| Some((name.clone(), target.get(name)?.clone())));
    let before = before.collect();
    for (name, values) in &directives.delete {
        if let Some(Value::Array(items)) = target.get_mut(name) {
            let deleted = order::places(values, None);
            items.retain(|item| !deleted.contains_key(&item.to_string()));
        }
    }
    Ok(before)
}

fn order_lists(target: &mut Object, before: &Object, directives: Directives, ty: TypeRef<'_>) {
    for (name, wanted) in directives.order {
        let PatchStrategy {
            merge: true, key, ..
        } = strategy(ty, &name)
        else {
            continue;
        };
        if let Some(Value::Array(items)) = target.get_mut(&name) {
            let before = before
                .get(&name)
                .and_then(Value::as_array)
                .map_or(&[][..], Vec::as_slice);
            let key = key.as_deref();
            let (wanted, before) = (order::places(&wanted, key), order::places(before, key));
            *items = order::arrange(std::mem::take(items), &wanted, &before, key);
        }
    }
}

fn strategy(ty: TypeRef<'_>, name: &str) -> PatchStrategy {
    ty.field(name)
        .map(|field| field.patch.clone())
        .unwrap_or_default()
}

fn merge_field(
    target: &mut Object,
    name: &str,
    patch: Value,
    ty: TypeRef<'_>,
    at: &Trail<'_>,
) -> Result<(), PatchError> {
    if patch.is_null() {
        target.remove(name);
        return Ok(());
    }
    let strategy = strategy(ty, name);
    let merged = match (target.remove(name), patch) {
        (Some(Value::Object(old)), Value::Object(patch)) if !strategy.replace => {
            Value::Object(merge_object(old, patch, ty.child(name), at)?)
        }
        (Some(Value::Array(old)), Value::Array(patch)) if strategy.merge => Value::Array(
            merge_list(old, patch, strategy.key.as_deref(), ty.child(name), at)?,
        ),
        (_, patch) => without_directives(patch),
    };
    target.insert(name.to_owned(), merged);
    Ok(())
}

fn merge_list(
    old: Vec<Value>,
    patch: Vec<Value>,
    key: Option<&str>,
    ty: TypeRef<'_>,
    at: &Trail<'_>,
) -> Result<Vec<Value>, PatchError> {
    if key.is_none() && patch.iter().any(Value::is_object) {
        return Err(wrong(
            at,
            "cannot merge lists of objects without a merge key".into(),
        ));
    }
    let (mut merged, patch) = match act_on_items(old, patch, key, at)? {
        Acted::Replaced(items) => return Ok(items),
        Acted::Remaining { items, patch } => (items, patch),
    };
    let wanted = order::places(&patch, key);
    let before = order::places(&merged, key);
    let mut places = before.clone();
    for item in patch {
        let identity = order::identity(&item, key).ok_or_else(|| no_key(key, at))?;
        match (places.get(&identity), item) {
            (None, item) => {
                places.insert(identity, merged.len());
                merged.push(without_directives(item));
            }
            (Some(place), Value::Object(item)) => {
                let old = std::mem::take(&mut merged[*place]);
                let Value::Object(old) = old else {
                    return Err(no_key(key, at));
                };
                let at = Trail::Index(at, *place);
                merged[*place] = Value::Object(merge_object(old, item, ty.item(), &at)?);
            }
            (Some(_), _) => {}
        }
    }
    Ok(order::arrange(merged, &wanted, &before, key))
}

/// What is left to do once items that only act have acted.
enum Acted {
    Replaced(Vec<Value>),
    Remaining {
        items: Vec<Value>,
        patch: Vec<Value>,
    },
}

fn act_on_items(
    mut items: Vec<Value>,
    patch: Vec<Value>,
    key: Option<&str>,
    at: &Trail<'_>,
) -> Result<Acted, PatchError> {
    let mut remaining = Vec::with_capacity(patch.len());
    let mut deleted = Vec::new();
    let mut is_replaced = false;
    for mut item in patch {
        let action = item
            .as_object_mut()
            .map(|item| directives::take_action(item, at));
        match action.transpose()?.unwrap_or(Action::Merge) {
            Action::Merge => remaining.push(item),
            Action::Delete => deleted.push(item),
            Action::Replace => {
                is_replaced = true;
                let is_bare = item.as_object().is_some_and(Object::is_empty);
                remaining.extend(Some(item).filter(|_| !is_bare));
            }
        }
    }
    if is_replaced {
        return Ok(Acted::Replaced(
            remaining.into_iter().map(without_directives).collect(),
        ));
    }
    if deleted
        .iter()
        .any(|item| order::identity(item, key).is_none())
    {
        return Err(no_key(key, at));
    }
    let deleted = order::places(&deleted, key);
    let stays = |item: &Value| {
        order::identity(item, key).is_none_or(|identity| !deleted.contains_key(&identity))
    };
    items.retain(stays);
    Ok(Acted::Remaining {
        items,
        patch: remaining,
    })
}

fn no_key(key: Option<&str>, at: &Trail<'_>) -> PatchError {
    let key = key.unwrap_or_default();
    wrong(
        at,
        format!("an item does not contain declared merge key: {key}"),
    )
}
