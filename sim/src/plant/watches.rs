//! What can be wrong with watches.

use bytes::Bytes;

use gantry_api::Revision;
use gantry_api::watch::EventType;
use gantry_registry::verbs::watch::Event;
use gantry_store::WatchError;

use super::{Bug, Plant};

impl Plant {
    /// What a watch begins with.
    pub(crate) fn beginning(&mut self, events: &mut Vec<Event>) {
        if !events.is_empty() && self.acts(Bug::BeginsWithoutOne, 4) {
            let count = u64::try_from(events.len()).unwrap_or(1);
            let one = self.dice.below(count);
            events.remove(usize::try_from(one).unwrap_or(0));
        }
    }

    /// The event that a watch which began at `since` tells of a change.
    pub(crate) fn event(&mut self, mut event: Event, since: Revision) -> Option<Event> {
        let is_first = event.revision == since.next();
        if (is_first && self.is(Bug::StartsLate)) || self.acts(Bug::LosesEvent, 60) {
            return None;
        }
        if event.event == EventType::Deleted && self.acts(Bug::DeletionAsChange, 5) {
            event.event = EventType::Modified;
        }
        Some(event)
    }

    /// Adds a frame of a watch to those that are told now.
    pub(crate) fn tell(&mut self, watch: u64, frame: Bytes, frames: &mut Vec<Bytes>) {
        if let Some(held) = self.memory.frames.remove(&watch) {
            frames.extend([frame, held]);
        } else if self.acts(Bug::DisordersEvents, 20) {
            self.memory.frames.insert(watch, frame);
        } else {
            if self.acts(Bug::RepeatsEvent, 20) {
                frames.push(frame.clone());
            }
            frames.push(frame);
        }
    }

    /// Whether a watch goes on although it missed something.
    pub(crate) fn goes_on(&self, error: &WatchError) -> bool {
        matches!(error, WatchError::Lagged { .. }) && self.is(Bug::SkipsCompacted)
    }

    /// How far a bookmark says that a watch is.
    pub(crate) fn progress(&mut self, progress: Revision) -> Revision {
        if self.acts(Bug::BookmarkTooNew, 3) {
            return Revision(progress.0 + 3);
        }
        progress
    }
}
