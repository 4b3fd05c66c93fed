//! Encoded events that other watchers will want too.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

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
        let id = (
            event.revision,
            event.key.clone(),
            event.event.as_str(),
            Arc::clone(plan.form()),
        );
        let lock = || self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(frame) = lock().frames.get(&id) {
            return frame.clone();
        }
        let frame = make();
        lock().insert(id, frame.clone());
        frame
    }
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
