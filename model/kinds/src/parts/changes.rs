//! Which fields two objects differ in, for messages that say what may not change.

use gantry_base::FieldPath;
use serde::Serialize;
use serde_json::Value;

/// How many fields a message names.
const SHOWN: usize = 5;

/// The fields in which `new` differs from `old`, as a list for people.
#[must_use]
pub fn list<T: Serialize>(new: &T, old: &T, path: &FieldPath) -> String {
    let [new, old] = [new, old].map(|side| serde_json::to_value(side).unwrap_or(Value::Null));
    let mut found = Vec::new();
    compare(&new, &old, path, &mut found);
    let more = found.len().saturating_sub(SHOWN);
    found.truncate(SHOWN);
    let named = found.join(", ");
    if more == 0 {
        named
    } else {
        format!("{named} and {more} more")
    }
}

fn compare(new: &Value, old: &Value, path: &FieldPath, found: &mut Vec<String>) {
    match (new, old) {
        _ if new == old => {}
        (Value::Object(new), Value::Object(old)) => {
            let added = new.keys().filter(|name| !old.contains_key(*name));
            for name in old.keys().chain(added) {
                let [new, old] = [new, old].map(|side| side.get(name).unwrap_or(&Value::Null));
                compare(new, old, &path.field(name), found);
            }
        }
        (Value::Array(new), Value::Array(old)) if new.len() == old.len() => {
            for (index, (new, old)) in new.iter().zip(old).enumerate() {
                compare(new, old, &path.index(index), found);
            }
        }
        _ => found.push(path.to_string()),
    }
}
