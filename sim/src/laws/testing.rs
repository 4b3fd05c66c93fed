//! Changes and sights for the tests of laws.

use std::rc::Rc;

use serde_json::{Value, json};

use gantry_api::{GroupResource, Object, ObjectKey, Revision};
use gantry_store::{HistoryLimits, Index, Snapshot};

use super::{Seen, Sight};

/// An empty store.
pub(super) fn nothing() -> Snapshot {
    Index::new(HistoryLimits::default()).snapshot()
}

/// A moment with nothing else to see.
pub(super) fn sight(snapshot: &Snapshot) -> Sight<'_> {
    let now = "2030-01-01T00:00:00Z".parse();
    Sight::of(now.expect("the literal is a moment"), snapshot)
}

/// A pod on a node.
pub(super) fn pod(name: &str, uid: &str, node: &str) -> Value {
    json!({
        "metadata": {"namespace": "default", "name": name, "uid": uid},
        "spec": {"nodeName": node},
    })
}

/// An object became another; `null` for none.
pub(super) fn changed(resource: &str, old: &Value, new: &Value) -> Seen {
    let object = |value: &Value| Object::from_value(value.clone()).map(Rc::new);
    let (old, new) = (object(old), object(new));
    let named = new.as_ref().or(old.as_ref());
    let (namespace, name) = named.map_or(("", ""), |named| (named.namespace(), named.name()));
    Seen {
        key: ObjectKey::new(GroupResource::new("", resource), namespace, name),
        revision: Revision(1),
        old,
        new,
    }
}

/// An object came into being.
pub(super) fn made(resource: &str, new: &Value) -> Seen {
    changed(resource, &Value::Null, new)
}
