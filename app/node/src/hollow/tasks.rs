//! What takes time for one pod of a hollow node: begun by the pod loop, making the pod due again
//! when it ends, however it ends.

use std::sync::Arc;

use k8s_openapi::api::core::v1::{Pod, PodStatus};

use gantry_driver::End;
use gantry_kubelet::agent::{Begun, Mark, Step};
use gantry_kubelet::hollow::takes;
use gantry_kubelet::pod::PodAction;
use gantry_kubelet::sandbox::PodRef;

use super::living;
use super::node::Node;

/// Begins to carry out one step.
pub(super) fn begin(node: &Arc<Node>, step: Step) {
    let begun = node.host().begin(&step, node.now());
    match begun {
        Begun::Tell(note) => node.parts.notes.send(note),
        Begun::Task(mark) => node.parts.spawn(Running::new(node, mark).run(step)),
        // A stop takes a moment anyway: there is nothing to hurry.
        Begun::Nothing | Begun::Sooner { .. } => {}
    }
}

/// Carries out one step; whether it went well.
async fn carry_out(node: &Arc<Node>, step: Step) -> bool {
    match (&step.action, step.pod.as_deref()) {
        (PodAction::Report(status), Some(pod)) => {
            report(node, (&step.key, pod), status.as_ref().clone()).await
        }
        (PodAction::Delete, Some(pod)) => delete(node, (&step.key, pod)).await,
        (action, pod) => {
            let takes = takes(action);
            if !takes.is_zero() {
                node.parts.clock.sleep(takes).await;
            }
            let view = node.view(pod);
            let done = node.host().carry_out(&view, &step, node.now());
            if let Some(started) = done.started {
                living::begin(node, started);
            }
            done.well
        }
    }
}

async fn report(node: &Node, (key, pod): (&PodRef, &Pod), status: PodStatus) -> bool {
    let Ok(_turn) = node.parts.writes.acquire().await else {
        return false;
    };
    let reported = node.parts.reports().report((key, pod), status).await;
    if let Err(rejection) = &reported {
        node.parts
            .troubles
            .note("report a status", &rejection.to_string());
    }
    reported.is_ok()
}

async fn delete(node: &Node, (key, pod): (&PodRef, &Pod)) -> bool {
    let Ok(_turn) = node.parts.writes.acquire().await else {
        return false;
    };
    match node.parts.reports().delete((key, pod)).await {
        End::Done => true,
        // Its pod was replaced: the view will show that in a moment.
        End::Stale => false,
        End::Refused(_, why) | End::Failed(why) => {
            node.parts.troubles.note("remove a pod", &why);
            false
        }
    }
}

/// While it lives, a task is under way; its end makes the pod due.
struct Running {
    node: Arc<Node>,
    mark: Mark,
    /// How it ended; badly, unless it says otherwise.
    well: bool,
}

impl Running {
    fn new(node: &Arc<Node>, mark: Mark) -> Self {
        Self {
            node: Arc::clone(node),
            mark,
            well: false,
        }
    }

    async fn run(mut self, step: Step) {
        self.well = carry_out(&self.node, step).await;
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let now = self.node.now();
        self.node.host().ended(&self.mark, self.well, now);
        self.node.wake(self.mark.key.clone());
    }
}
