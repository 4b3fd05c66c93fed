//! Encoded events that other watchers will want too.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;

use gantry_registry::{Event, Form, WatchPlan};
use gantry_store::{Key, Revision};

use crate::limits::SHARED_FRAME_BYTES;

/// The frames of the newest changes.
#[derive(Debug, Default)]
pub(crate) struct Frames {
    /// Held for a look-up or an insertion, never while encoding.
    kept: Mutex<Kept>,
}

/// What tells one frame from another: the oldest come first.
type Id = (Revision, Key, &'static str, Arc<Form>);

#[derive(Debug, Default)]
struct Kept {
    frames: BTreeMap<Id, Bytes>,
    bytes: usize,
}

impl Frames {
    /// The frame that tells of `event` to watchers of this plan's form, made when it is missing.
    pub(crate) fn get(
        &self,
        plan: &WatchPlan,
        event: &Event,
        make: impl FnOnce() -> Bytes,
    ) -> Bytes {
        if let Some(frame) = self.known(plan, event) {
            return frame;
        }
        let frame = make();
        self.kept().insert(id(plan, event), frame.clone());
        frame
    }

    /// The frame that tells of `event` to watchers of this plan's form, if it was made.
    pub(crate) fn known(&self, plan: &WatchPlan, event: &Event) -> Option<Bytes> {
        self.kept().frames.get(&id(plan, event)).cloned()
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn id(plan: &WatchPlan, event: &Event) -> Id {
    (
        event.revision,
        event.key.clone(),
        event.event.as_str(),
        Arc::clone(plan.form()),
    )
}

impl Kept {
    fn insert(&mut self, id: Id, frame: Bytes) {
        self.bytes += frame.len();
        if let Some(replaced) = self.frames.insert(id, frame) {
            self.bytes -= replaced.len();
        }
        while self.bytes > SHARED_FRAME_BYTES {
            let Some((_, oldest)) = self.frames.pop_first() else {
                return;
            };
            self.bytes -= oldest.len();
        }
    }
}
