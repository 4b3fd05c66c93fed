//! What stands at every key, and who bears which label, so that a selector that few meet does not
//! walk over all.
//!
//! Persistent: a clone shares everything.

use std::ops::Bound;
use std::sync::Arc;

use imbl::{OrdMap, OrdSet};

use gantry_base::Pairs;
use gantry_base::selector::{Operator, Selector};

use crate::change::Stored;
use crate::key::Key;

/// Whoever bears a label is looked up one by one, which takes about so many steps of a walk.
const STEPS_OF_A_LOOK: usize = 4;

#[derive(Clone, Debug, Default)]
pub(crate) struct Objects {
    by_key: OrdMap<Key, Stored>,
    /// By family, name and value of a label.
    bearers: OrdMap<Arc<str>, OrdSet<Key>>,
}

impl Objects {
    pub(crate) fn get(&self, key: &Key) -> Option<&Stored> {
        self.by_key.get(key)
    }

    pub(crate) fn len(&self) -> usize {
        self.by_key.len()
    }

    /// Puts `new` there and returns what stood there.
    pub(crate) fn insert(&mut self, key: Key, new: Stored) -> Option<Stored> {
        let value = Arc::clone(&new.value);
        let old = self.by_key.insert(key.clone(), new);
        let none = Pairs::default();
        let before = old.as_ref().map_or(&none, |old| labels(old));
        let after = &value.summary().labels;
        if before != after {
            self.forget(&key, before);
            self.remember(&key, after);
        }
        old
    }

    /// Empties the place and returns what stood there.
    pub(crate) fn remove(&mut self, key: &Key) -> Option<Stored> {
        let old = self.by_key.remove(key)?;
        self.forget(key, labels(&old));
        Some(old)
    }

    /// What stands at the keys that begin with `prefix`, in order, from behind `after` on.
    pub(crate) fn range<'a>(
        &'a self,
        prefix: &'a str,
        after: Option<&'a str>,
    ) -> impl Iterator<Item = (&'a Key, &'a Stored)> {
        let bounds = (start(prefix, after), Bound::Unbounded);
        let from = self.by_key.range::<_, str>(bounds);
        from.take_while(move |(key, _)| key.as_str().starts_with(prefix))
    }

    /// The same, but only what `selector` selects.
    pub(crate) fn selected<'a>(
        &'a self,
        prefix: &'a str,
        after: Option<&'a str>,
        selector: &'a Selector,
    ) -> Box<dyn Iterator<Item = (&'a Key, &'a Stored)> + 'a> {
        let meets = move |(_, stored): &(&Key, &Stored)| selector.matches(labels(stored));
        let Some(bearers) = self.fewest(prefix, selector) else {
            return Box::new(self.range(prefix, after).filter(meets));
        };
        let bounds = (start(prefix, after), Bound::Unbounded);
        let keys = bearers.into_iter();
        let keys = keys.flat_map(move |bearers| bearers.range::<_, str>(bounds));
        let keys = keys.take_while(move |key| key.as_str().starts_with(prefix));
        let found = keys.filter_map(|key| self.by_key.get_key_value(key));
        Box::new(found.filter(meets))
    }

    /// The smallest set that everything selected is in, if one is known that is worth it; a set
    /// that is not there is empty.
    fn fewest(&self, prefix: &str, selector: &Selector) -> Option<Option<&OrdSet<Key>>> {
        let family = family(prefix)?;
        let exact = selector.requirements().iter().filter_map(|one| {
            let Operator::In(values) = &one.operator else {
                return None;
            };
            let [value] = values.as_slice() else {
                return None;
            };
            Some(self.bearers.get(label(family, &one.key, value).as_str()))
        });
        let count = |bearers: &Option<&OrdSet<Key>>| bearers.map_or(0, OrdSet::len);
        let fewest = exact.min_by_key(count)?;
        (count(&fewest) * STEPS_OF_A_LOOK <= self.len()).then_some(fewest)
    }

    fn remember(&mut self, key: &Key, labels: &Pairs) {
        let Some(family) = family(key.as_str()) else {
            return;
        };
        for (name, value) in labels.iter() {
            let label = label(family, name, value);
            match self.bearers.get_mut(label.as_str()) {
                Some(bearers) => drop(bearers.insert(key.clone())),
                None => drop(self.bearers.insert(label.into(), OrdSet::unit(key.clone()))),
            }
        }
    }

    fn forget(&mut self, key: &Key, labels: &Pairs) {
        let Some(family) = family(key.as_str()) else {
            return;
        };
        for (name, value) in labels.iter() {
            let label = label(family, name, value);
            let Some(bearers) = self.bearers.get_mut(label.as_str()) else {
                continue;
            };
            bearers.remove(key);
            if bearers.is_empty() {
                self.bearers.remove(label.as_str());
            }
        }
    }
}

impl FromIterator<(Key, Stored)> for Objects {
    fn from_iter<T: IntoIterator<Item = (Key, Stored)>>(entries: T) -> Self {
        let mut objects = Self::default();
        for (key, stored) in entries {
            objects.insert(key, stored);
        }
        objects
    }
}

fn labels(stored: &Stored) -> &Pairs {
    &stored.value.summary().labels
}

fn start<'a>(prefix: &'a str, after: Option<&'a str>) -> Bound<&'a str> {
    match after {
        Some(after) if after >= prefix => Bound::Excluded(after),
        _ => Bound::Included(prefix),
    }
}

fn family(path: &str) -> Option<&str> {
    path.split_once('/').map(|(family, _)| family)
}

/// No part of it can contain the character between the parts.
fn label(family: &str, name: &str, value: &str) -> String {
    [family, name, value].join("\0")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use gantry_api::key::Revision;
    use gantry_api::{Encoded, Object};
    use serde_json::json;

    use super::*;

    fn stored(app: u32) -> Stored {
        let object = json!({"metadata": {"labels": {"app": app.to_string(), "all": "yes"}}});
        let object: Object = serde_json::from_value(object).unwrap();
        Stored {
            value: Arc::new(Encoded::new(&object, BTreeMap::new())),
            created: Revision(1),
            modified: Revision(1),
        }
    }

    fn key(family: &str, number: u32) -> Key {
        Key::new(format!("{family}/ns{}/x{number}", number % 3))
    }

    #[test]
    fn a_selector_finds_what_a_walk_finds_whatever_happened_before() {
        let mut objects = Objects::default();
        let mut chance = 1_u32;
        for _ in 0..3000 {
            chance = chance.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let key = key(["a", "ab"][chance as usize >> 30 & 1], chance >> 8 & 0x7f);
            match chance >> 16 & 3 {
                0 => drop(objects.remove(&key)),
                _ => drop(objects.insert(key, stored(chance >> 20 & 0xf))),
            }
        }
        for text in [
            "app=3",
            "app=3,all=yes",
            "all=yes",
            "app=none",
            "app in (1,2)",
            "app!=4",
        ] {
            let selector = Selector::parse(text).unwrap();
            for prefix in ["a/", "a/ns1/", "ab/", "none/"] {
                for after in [None, Some("a/ns1/x5")] {
                    let keys = |found: &mut dyn Iterator<Item = (&Key, &Stored)>| {
                        found.map(|(key, _)| key.clone()).collect::<Vec<_>>()
                    };
                    let walk = objects.range(prefix, after);
                    let walk = keys(&mut walk.filter(|(_, one)| selector.matches(labels(one))));
                    let found = keys(&mut objects.selected(prefix, after, &selector));
                    assert_eq!(found, walk, "{text} within {prefix} after {after:?}");
                }
            }
        }
    }

    #[test]
    fn a_label_that_nobody_bears_any_more_is_forgotten() {
        let mut objects = Objects::default();
        objects.insert(key("a", 1), stored(1));
        objects.insert(key("a", 1), stored(2));
        assert_eq!(objects.bearers.len(), 2);
        objects.remove(&key("a", 1));
        assert!(objects.bearers.is_empty());
    }
}
