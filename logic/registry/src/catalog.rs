//! The table of kinds as the stored definitions make it: the built-in kinds, and those that users
//! define.
//!
//! Derived state: it is compiled again whenever a definition changes, and swapped as a whole. Each
//! definition is read once for each of its revisions.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use gantry_api::{GroupResource, ObjectKey, Revision};
use gantry_kinds::{Descriptor, custom};
use gantry_store::{Key, Snapshot};

use crate::registry::Registry;
use crate::settings::Settings;

/// The registry compiled last, and what it was compiled from.
#[derive(Clone, Debug)]
pub struct Catalog {
    builtin: Vec<Arc<Descriptor>>,
    settings: Arc<Settings>,
    /// What all keys of definitions begin with.
    prefix: String,
    defined: BTreeMap<Key, Defined>,
    registry: Arc<Registry>,
    /// The newest picture that was found to agree; none before the first.
    seen: Option<Revision>,
}

/// What one definition defines.
#[derive(Clone, Debug)]
struct Defined {
    at: Revision,
    kinds: Vec<Arc<Descriptor>>,
}

impl Catalog {
    /// A catalog that begins with the kinds that are always there.
    #[must_use]
    pub fn new(builtin: Vec<Descriptor>, settings: Settings) -> Self {
        let builtin: Vec<Arc<Descriptor>> = builtin.into_iter().map(Arc::new).collect();
        let settings = Arc::new(settings);
        Self {
            registry: Arc::new(Registry::new(builtin.clone(), Arc::clone(&settings))),
            prefix: ObjectKey::prefix(&custom::definitions(), None),
            builtin,
            settings,
            defined: BTreeMap::new(),
            seen: None,
        }
    }

    /// The kinds as they are in `snapshot` or in a later picture.
    pub fn registry(&mut self, snapshot: &Snapshot) -> Arc<Registry> {
        if !self.agrees(snapshot) {
            self.compile(snapshot);
        }
        self.seen = self.seen.max(Some(snapshot.revision()));
        Arc::clone(&self.registry)
    }

    /// Whether no definition changed since the registry was compiled.
    fn agrees(&self, snapshot: &Snapshot) -> bool {
        let Some(seen) = self.seen else { return false };
        if snapshot.revision() <= seen {
            return true;
        }
        // A past that is forgotten already tells nothing: compile anew.
        let changes = snapshot.changes(seen);
        changes.is_ok_and(|mut changes| {
            !changes.any(|change| change.key.as_str().starts_with(&self.prefix))
        })
    }

    fn compile(&mut self, snapshot: &Snapshot) {
        let mut before = std::mem::take(&mut self.defined);
        for (key, stored) in snapshot.range(&self.prefix, None) {
            let known = before
                .remove(key)
                .filter(|known| known.at == stored.modified);
            let defined = known.unwrap_or_else(|| {
                let definition = stored.value.object(stored.modified);
                let kinds = custom::descriptors(&definition, stored.modified.0);
                Defined {
                    at: stored.modified,
                    kinds: kinds.into_iter().map(Arc::new).collect(),
                }
            });
            self.defined.insert(key.clone(), defined);
        }
        let resource = |kind: &Arc<Descriptor>| kind.names.resource();
        let known: BTreeSet<GroupResource> = self.builtin.iter().map(resource).collect();
        let defined = self.defined.values().flat_map(|one| one.kinds.iter());
        // Nobody takes the place of a built-in kind.
        let defined = defined.filter(|kind| !known.contains(&kind.names.resource()));
        let kinds = self.builtin.iter().chain(defined).cloned().collect();
        self.registry = Arc::new(Registry::new(kinds, Arc::clone(&self.settings)));
    }
}
