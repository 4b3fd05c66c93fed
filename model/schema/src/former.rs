//! What was in a list before: the items of lists that are maps are found again by their keys.

use std::collections::BTreeMap;

use serde_json::Value;

/// The items of a list as it was, by what tells them apart.
#[derive(Clone, Debug, Default)]
pub struct Former<'o> {
    keys: &'o [String],
    by_key: BTreeMap<String, &'o Value>,
}

impl<'o> Former<'o> {
    /// The items of `old`. Where nothing tells them apart none is found again.
    #[must_use]
    pub fn new(keys: &'o [String], old: &'o [Value]) -> Self {
        let mut by_key = BTreeMap::new();
        if !keys.is_empty() {
            for item in old {
                by_key.entry(key(keys, item)).or_insert(item);
            }
        }
        Self { keys, by_key }
    }

    /// The item that this one takes the place of.
    #[must_use]
    pub fn of(&self, item: &Value) -> Option<&'o Value> {
        if self.by_key.is_empty() {
            return None;
        }
        self.by_key.get(&key(self.keys, item)).copied()
    }
}

fn key(keys: &[String], item: &Value) -> String {
    let values: Vec<Option<&Value>> = keys.iter().map(|key| item.get(key)).collect();
    serde_json::to_string(&values).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn items_are_found_again_by_their_keys() {
        let keys = ["port".to_owned(), "protocol".to_owned()];
        let old = [
            json!({"port": 1, "protocol": "TCP"}),
            json!({"port": 1}),
            json!({"port": "1"}),
        ];
        let former = Former::new(&keys, &old);
        assert_eq!(
            former.of(&json!({"protocol": "TCP", "port": 1, "x": 2})),
            Some(&old[0])
        );
        assert_eq!(former.of(&json!({"port": 1})), Some(&old[1]));
        assert_eq!(former.of(&json!({"port": 2})), None);
        assert_eq!(Former::new(&[], &old).of(&old[0]), None);
    }
}
