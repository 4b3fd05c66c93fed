//! A watcher sees every change in its range once and in order: what a view holds is exactly what
//! the store had at the view's revision.

use std::collections::BTreeMap;

use gantry_api::{ObjectKey, Revision};
use gantry_reconcile::{View, Watched};
use gantry_store::{Snapshot, Stored};

use super::{Broken, Sight, Verdict};

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Law;

impl super::Law for Law {
    fn name(&self) -> &'static str {
        "views are whole"
    }

    fn audit(&mut self, sight: &Sight<'_>) -> Verdict {
        let mut past = BTreeMap::new();
        for (who, inside) in sight.parts {
            let Some(view) = inside.view else { continue };
            for watched in &inside.followed {
                let Some(at) = view.revision(&watched.resource) else {
                    continue;
                };
                let picture = past.entry(at).or_insert_with(|| sight.snapshot.at(at).ok());
                // What is forgotten cannot be compared any more.
                if let Some(picture) = picture {
                    compare((view, watched), (at, picture)).map_err(|broken| broken.and(who))?;
                }
            }
        }
        Ok(())
    }
}

fn compare((view, watched): (&View, &Watched), (at, picture): (Revision, &Snapshot)) -> Verdict {
    let prefix = ObjectKey::prefix(&watched.resource, None);
    let stored = picture.range(&prefix, None);
    let stored = stored.filter(|(_, stored)| is_selected(watched, stored));
    let mut count = 0;
    for (key, stored) in stored {
        let Some(key) = key.object() else { continue };
        count += 1;
        let seen = view.any(&key).map(|seen| seen.meta());
        let seen = seen.and_then(|meta| meta.resource_version.as_deref());
        if seen != Some(stored.modified.to_string().as_str()) {
            let is = stored.modified;
            let what = format!("is at {is}, and a view of {at} has {seen:?}");
            return Err(Broken::new(key, what));
        }
    }
    let seen = view.of(&watched.resource).count();
    if seen == count {
        return Ok(());
    }
    let what = format!("a view of {at} has {seen} of them, and there were {count}");
    Err(Broken::new(&watched.resource, what))
}

fn is_selected(watched: &Watched, stored: &Stored) -> bool {
    let Some(selector) = &watched.field_selector else {
        return true;
    };
    let (field, value) = selector.split_once('=').unwrap_or((selector, ""));
    stored.value.summary().fields.get(field).unwrap_or("") == value
}
