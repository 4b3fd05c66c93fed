//! One hollow node, as its tasks share it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use k8s_openapi::api::core::v1::Pod;

use gantry_base::Timestamp;
use gantry_driver::Inbox;
use gantry_kubelet::hollow::{Host, Member};
use gantry_kubelet::sandbox::PodRef;
use gantry_reconcile::View;

use super::parts::Parts;

/// One hollow node.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) member: Member,
    pub(super) parts: Arc<Parts>,
    /// Pods to look at.
    pub(super) inbox: Inbox<PodRef>,
    /// Held for a look or a change, never across an await.
    host: Mutex<Host>,
}

impl Node {
    pub(super) fn new(member: Member, parts: &Arc<Parts>) -> Self {
        Self {
            parts: Arc::clone(parts),
            inbox: Inbox::default(),
            host: Mutex::new(Host::new(member.around(), member.range)),
            member,
        }
    }

    pub(super) fn host(&self) -> MutexGuard<'_, Host> {
        self.host.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes a pod due.
    pub(super) fn wake(&self, key: PodRef) {
        self.inbox.push([key]);
    }

    /// This moment.
    pub(super) fn now(&self) -> Timestamp {
        self.parts.clock.now()
    }

    /// The view, with what the pod refers to as far as it is known.
    pub(super) fn view(&self, pod: Option<&Pod>) -> View {
        let mut view = self.parts.cache.view();
        if let Some(pod) = pod {
            self.parts.referred.add_to(&mut view, pod);
        }
        view
    }
}
