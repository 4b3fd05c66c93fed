//! Lists that are sets or maps: no item and no key occurs twice.

use std::collections::BTreeMap;

use gantry_api::field_error::Fault;
use serde_json::{Map, Value};

use super::check::Walk;
use crate::schema::ListKind;
use crate::trail::Trail;

impl Walk<'_> {
    /// Reports each item that occurs again, once; nothing when that was so before.
    pub(super) fn unique(
        &mut self,
        kind: &ListKind,
        items: &[Value],
        old: Option<&Value>,
        at: &Trail<'_>,
    ) {
        if let ListKind::Keyed(_) = kind
            && let Some(odd) = items
                .iter()
                .position(|item| !item.is_object() && !item.is_null())
        {
            let detail = "must be an object for an array of list-type map";
            let at = Trail::Index(at, odd);
            return self.plainly(Fault::Invalid, &at, items[odd].clone(), detail);
        }
        let repeated = repeated(kind, items);
        let old = old.and_then(Value::as_array);
        if repeated.is_empty() || old.is_some_and(|old| !self::repeated(kind, old).is_empty()) {
            return;
        }
        for (index, value) in repeated {
            self.plainly(Fault::Duplicate, &Trail::Index(at, index), value, "");
        }
    }
}

/// The second of each group of items that are the same, as messages show them.
fn repeated(kind: &ListKind, items: &[Value]) -> Vec<(usize, Value)> {
    let shown = |item: &Value| match kind {
        ListKind::Keyed(keys) => {
            let key = |key: &String| Some((key.clone(), item.get(key)?.clone()));
            Value::Object(keys.iter().filter_map(key).collect::<Map<_, _>>())
        }
        ListKind::Set | ListKind::Atomic => item.clone(),
    };
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let mut repeated = Vec::new();
    if items.len() < 2 || *kind == ListKind::Atomic {
        return repeated;
    }
    for (index, item) in items.iter().enumerate() {
        let shown = shown(item);
        let times = seen.entry(shown.to_string()).or_default();
        *times += 1;
        if *times == 2 {
            repeated.push((index, shown));
        }
    }
    repeated
}
