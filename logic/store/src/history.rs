//! The kept past: what each revision changed, with a picture now and then.
//!
//! Persistent: a clone shares everything. At a revision without a moment nothing happened. An old
//! picture is made by undoing changes from the next
//! kept one.

use std::sync::Arc;

use gantry_api::key::Revision;
use gantry_base::Timestamp;
use gantry_base::time::since;
use imbl::OrdMap;

use crate::change::Change;
use crate::limits::{CHANGE_OVERHEAD, HistoryLimits, PICTURE_EVERY};
use crate::objects::Objects;

/// What happened at one revision.
#[derive(Clone, Debug)]
struct Moment {
    at: Timestamp,
    changes: Arc<[Arc<Change>]>,
    bytes: usize,
    /// How things stood right after, at some revisions.
    picture: Option<Objects>,
}

#[derive(Clone, Debug)]
pub(crate) struct History {
    /// The oldest revision whose picture can be made.
    oldest: Revision,
    moments: OrdMap<Revision, Moment>,
    bytes: usize,
    /// Moments since the last one with a picture.
    unpictured: u64,
}

impl History {
    /// A past that begins at `revision`.
    pub(crate) fn starting(revision: Revision) -> Self {
        Self {
            oldest: revision,
            moments: OrdMap::new(),
            bytes: 0,
            unpictured: 0,
        }
    }

    pub(crate) const fn oldest(&self) -> Revision {
        self.oldest
    }

    /// The changes after `since` up to `newest`, in order; `since` must not be before the oldest.
    pub(crate) fn after(
        &self,
        since: Revision,
        newest: Revision,
    ) -> impl Iterator<Item = &Arc<Change>> {
        let moments = self.moments.range(since.next()..=newest.max(since.next()));
        let moments = moments.take_while(move |(revision, _)| **revision <= newest);
        moments.flat_map(|(_, moment)| moment.changes.iter())
    }

    /// Adds the newest revision; `objects` is how things stand after it.
    pub(crate) fn push(
        &mut self,
        revision: Revision,
        at: Timestamp,
        changes: Vec<Arc<Change>>,
        objects: &Objects,
    ) {
        let replaced = |change: &Arc<Change>| change.old.as_ref().map_or(0, |old| old.value.len());
        let bytes = changes.iter().map(|c| replaced(c) + CHANGE_OVERHEAD).sum();
        let keeps_picture = self.unpictured + 1 >= PICTURE_EVERY;
        self.unpictured = if keeps_picture {
            0
        } else {
            self.unpictured + 1
        };
        let moment = Moment {
            at,
            changes: changes.into(),
            bytes,
            picture: keeps_picture.then(|| objects.clone()),
        };
        self.bytes += bytes;
        self.moments.insert(revision, moment);
    }

    /// Forgets what is beyond the limits at `now`.
    pub(crate) fn forget(&mut self, now: Timestamp, limits: &HistoryLimits) {
        while let Some((revision, moment)) = self.moments.get_min() {
            let is_over = self.bytes > limits.bytes || since(now, moment.at) > limits.keep;
            if !is_over {
                return;
            }
            let revision = *revision;
            self.bytes -= moment.bytes;
            self.oldest = revision;
            self.moments.remove(&revision);
        }
    }

    /// How things stood at `revision`, given how they stand at `newest`.
    pub(crate) fn picture(
        &self,
        revision: Revision,
        newest: Revision,
        objects: &Objects,
    ) -> Objects {
        let mut undo = Vec::new();
        let mut base = objects;
        for (at, moment) in self.moments.range(revision..=newest) {
            if *at > revision {
                undo.push(&moment.changes);
            }
            if let Some(picture) = &moment.picture {
                base = picture;
                break;
            }
        }
        let mut objects = base.clone();
        for change in undo.into_iter().rev().flat_map(|changes| changes.iter()) {
            match &change.old {
                Some(old) => objects.insert(change.key.clone(), old.clone()),
                None => objects.remove(&change.key),
            };
        }
        objects
    }

    /// How many pictures are kept.
    #[cfg(test)]
    pub(crate) fn pictures(&self) -> usize {
        let kept = self.moments.values();
        kept.filter(|moment| moment.picture.is_some()).count()
    }
}
