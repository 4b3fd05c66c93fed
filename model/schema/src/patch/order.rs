//! The order of a merged list: the patch says how its own items stand, the object how the others
//! do, and the two orders are interleaved.

use std::collections::BTreeMap;

use serde_json::Value;

use super::PatchError;
use super::directives::wrong;
use crate::trail::Trail;

/// What tells an item of a merged list from the others, as text.
pub(super) fn identity(item: &Value, key: Option<&str>) -> Option<String> {
    match key {
        Some(key) => item.get(key).map(Value::to_string),
        None => Some(item.to_string()),
    }
}

/// Each item's place, by its identity. The first of several counts.
pub(super) fn places(items: &[Value], key: Option<&str>) -> BTreeMap<String, usize> {
    let mut places = BTreeMap::new();
    for (place, item) in items.iter().enumerate() {
        if let Some(identity) = identity(item, key) {
            places.entry(identity).or_insert(place);
        }
    }
    places
}

/// Interleaves two orders. Items named by `wanted` stand in its order, the rest in the order of
/// `before`; an item of the rest goes first unless `before` had it behind.
pub(super) fn arrange(
    items: Vec<Value>,
    wanted: &BTreeMap<String, usize>,
    before: &BTreeMap<String, usize>,
    key: Option<&str>,
) -> Vec<Value> {
    let (mut named, mut rest) = (Vec::new(), Vec::new());
    for item in items {
        let identity = identity(&item, key).unwrap_or_default();
        let earlier = before.get(&identity).copied();
        match wanted.get(&identity) {
            Some(place) => named.push((*place, earlier, item)),
            None => rest.push((earlier.unwrap_or(usize::MAX), earlier, item)),
        }
    }
    named.sort_by_key(|(place, ..)| *place);
    rest.sort_by_key(|(place, ..)| *place);
    interleave(named, rest)
}

type Placed = (usize, Option<usize>, Value);

fn interleave(named: Vec<Placed>, rest: Vec<Placed>) -> Vec<Value> {
    let mut arranged = Vec::with_capacity(named.len() + rest.len());
    let mut rest = rest.into_iter().peekable();
    for (_, earlier, item) in named {
        while let Some((_, _, other)) =
            rest.next_if(|(_, other, _)| !stands_before(earlier, *other))
        {
            arranged.push(other);
        }
        arranged.push(item);
    }
    arranged.extend(rest.map(|(_, _, item)| item));
    arranged
}

fn stands_before(left: Option<usize>, right: Option<usize>) -> bool {
    matches!((left, right), (Some(left), Some(right)) if left < right)
}

/// Checks that the items of a patch are named by its `$setElementOrder`, in the same order.
pub(super) fn check(
    patch: &[Value],
    wanted: &BTreeMap<String, usize>,
    key: Option<&str>,
    at: &Trail<'_>,
) -> Result<(), PatchError> {
    let mut least = 0;
    for item in patch.iter().filter(|item| item.get("$patch").is_none()) {
        let place = identity(item, key).and_then(|identity| wanted.get(&identity).copied());
        match place {
            Some(place) if least <= place => least = place,
            Some(_) | None => {
                let detail = "the order in patch list doesn't match $setElementOrder list";
                return Err(wrong(at, detail.into()));
            }
        }
    }
    Ok(())
}
