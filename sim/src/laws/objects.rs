//! What several laws read from objects.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

use serde_json::Value;

use gantry_api::{Encoded, GroupResource, Object, ObjectKey};
use gantry_store::{Key, Revision, Snapshot, Stored};

/// As many decoded objects are kept at most.
const KEPT: usize = 100_000;

/// What was decoded, and from what.
type Memo = BTreeMap<Key, (Arc<Encoded>, Revision, Rc<Object>)>;

thread_local! {
    /// Laws look at the same objects again and again, and most of them do not change in between.
    static MEMO: RefCell<Memo> = const { RefCell::new(Memo::new()) };
}

/// All objects of a resource, decoded, with their keys.
pub(super) fn all(snapshot: &Snapshot, group: &str, resource: &str) -> Vec<(ObjectKey, Object)> {
    let prefix = ObjectKey::prefix(&GroupResource::new(group, resource), None);
    let stored = snapshot.range(&prefix, None);
    stored
        .filter_map(|(key, stored)| Some((key.object()?, decoded(stored))))
        .collect()
}

/// The same, for laws that look often: what has not changed since is not decoded again.
pub(super) fn known(
    snapshot: &Snapshot,
    (group, resource): (&str, &str),
) -> Vec<(ObjectKey, Rc<Object>)> {
    let prefix = ObjectKey::prefix(&GroupResource::new(group, resource), None);
    let stored = snapshot.range(&prefix, None);
    MEMO.with_borrow_mut(|memo| {
        let known =
            stored.filter_map(|(key, stored)| Some((key.object()?, read(memo, key, stored))));
        known.collect()
    })
}

/// An object in its decoded form, which is the new one of one change and the old one of the next.
pub(super) fn remembered(key: &Key, stored: &Stored) -> Rc<Object> {
    MEMO.with_borrow_mut(|memo| read(memo, key, stored))
}

/// The decoded form, from memory when it was decoded from these very bytes. Whoever is remembered
/// is kept alive, so that no other bytes can be taken for them.
fn read(memo: &mut Memo, key: &Key, stored: &Stored) -> Rc<Object> {
    if let Some((from, revision, object)) = memo.get(key)
        && Arc::ptr_eq(from, &stored.value)
        && *revision == stored.modified
    {
        return Rc::clone(object);
    }
    if memo.len() >= KEPT {
        memo.clear();
    }
    let object = Rc::new(decoded(stored));
    let known = (
        Arc::clone(&stored.value),
        stored.modified,
        Rc::clone(&object),
    );
    memo.insert(key.clone(), known);
    object
}

/// The object that was encoded.
pub(super) fn decoded(stored: &Stored) -> Object {
    stored.value.object(stored.modified)
}

/// A list at a path, or an empty one.
pub(super) fn list<'a>(object: &'a Object, path: &[&str]) -> &'a [Value] {
    let list = object.at(path).and_then(Value::as_array);
    list.map_or(&[], Vec::as_slice)
}

/// A number at a path; what is not there is `otherwise`.
pub(super) fn number(object: &Object, path: &[&str], otherwise: i64) -> i64 {
    object.at(path).and_then(Value::as_i64).unwrap_or(otherwise)
}

/// The uids of an object's owners.
pub(super) fn owners(object: &Object) -> impl Iterator<Item = &str> {
    let owners = list(object, &["metadata", "ownerReferences"]).iter();
    owners.filter_map(|owner| owner["uid"].as_str())
}

/// The uid of the owner that controls an object.
pub(super) fn controller(object: &Object) -> Option<&str> {
    let owners = list(object, &["metadata", "ownerReferences"]);
    let mut owners = owners.iter().filter(|owner| owner["controller"] == true);
    owners.next()?["uid"].as_str()
}

/// The status of a condition, such as `True`.
pub(super) fn condition<'a>(object: &'a Object, kind: &str) -> Option<&'a str> {
    let conditions = list(object, &["status", "conditions"]);
    let found = conditions.iter().find(|known| known["type"] == kind)?;
    found["status"].as_str()
}

/// Whether a pod takes work and was not told to end.
pub(super) fn is_available(pod: &Object) -> bool {
    !pod.is_terminating() && condition(pod, "Ready") == Some("True")
}

/// Whether a pod has ended for good.
pub(super) fn has_ended(pod: &Object) -> bool {
    matches!(pod.text(&["status", "phase"]), "Succeeded" | "Failed")
}
