//! What takes time for one pod: begun by the pod loop, known to be under way, making the pod due
//! again when it ends, however it ends.

mod container;
mod mount;
mod pull;
mod report;
mod sandbox;

use k8s_openapi::api::core::v1::Pod;

use gantry_kubelet::pace::Effort;
use gantry_kubelet::pod::{PodAction, Task};
use gantry_kubelet::sandbox::PodRef;
use gantry_reconcile::EventNote;

use crate::agent::Agent;
use crate::pods::Step;

/// Begins to carry out one action.
pub(crate) fn begin(agent: &Agent, step: Step) {
    let Step { key, pod, action } = step;
    let task = match (action, &pod) {
        (PodAction::Note(note), _) => return agent.tell(note),
        (
            PodAction::Stop {
                container,
                grace,
                because,
            },
            Some(_),
        ) => {
            return container::begin_stop(agent, (key, pod), (container, grace, because));
        }
        (action, _) => action,
    };
    let Some(kind) = task.task() else { return };
    let effort = Effort::of(&task);
    let Some(mark) = UnderWay::new(agent, &key, kind) else {
        return;
    };
    let agent = agent.clone();
    agent.clone().spawn(async move {
        let well = carry_out(&agent, (&key, pod.as_deref()), task).await;
        if let Some(effort) = effort {
            let now = agent.clock.now();
            if let Some(pod) = agent.state.lock().pods.get_mut(&key) {
                pod.pace.ended(effort, well, now);
            }
        }
        drop(mark);
    });
}

/// Carries out one action; whether it went well.
async fn carry_out(agent: &Agent, (key, pod): (&PodRef, Option<&Pod>), action: PodAction) -> bool {
    match (action, pod) {
        (PodAction::RemoveSandbox, pod) => sandbox::remove(agent, key, pod).await,
        (PodAction::StopSandbox, _) => sandbox::stop(agent, key).await,
        (PodAction::Forget(container), _) => container::forget(agent, container).await,
        (PodAction::Pull { container }, Some(pod)) => {
            pull::pull(agent, (key, pod), &container).await;
            true
        }
        (PodAction::Mount, Some(pod)) => {
            mount::mount(agent, (key, pod)).await;
            true
        }
        (PodAction::RunSandbox, Some(pod)) => sandbox::run(agent, (key, pod)).await,
        (
            PodAction::Start {
                container,
                attempt,
                step,
            },
            Some(pod),
        ) => container::start(agent, (key, pod), (&container, attempt, step)).await,
        (PodAction::Report(status), Some(pod)) => report::report(agent, (key, pod), *status).await,
        (PodAction::Delete, Some(pod)) => report::delete(agent, (key, pod)).await,
        // Notes and stops are begun elsewhere; the rest needs a pod.
        (_, _) => true,
    }
}

/// An event about a pod, or a part of it, as the kubelet reports it.
pub(crate) fn note(
    (pod, field_path): (&Pod, &str),
    (warning, reason): (bool, &str),
    message: String,
) -> EventNote {
    let note = if warning {
        EventNote::warning(pod, reason, message)
    } else {
        EventNote::normal(pod, reason, message)
    };
    EventNote {
        field_path: field_path.to_owned(),
        ..note
    }
}

/// The field of the pod that describes a container.
pub(crate) fn field_path(pod: &Pod, container: &str) -> String {
    let init = pod
        .spec
        .iter()
        .flat_map(|spec| spec.init_containers.iter().flatten());
    let list = if init.into_iter().any(|init| init.name == container) {
        "initContainers"
    } else {
        "containers"
    };
    format!("spec.{list}{{{container}}}")
}

/// While it lives, a task is under way; its end makes the pod due.
struct UnderWay {
    agent: Agent,
    key: PodRef,
    task: Task,
}

impl UnderWay {
    /// Nothing when the same is under way already.
    fn new(agent: &Agent, key: &PodRef, task: Task) -> Option<Self> {
        let is_new = agent.state.lock().pod(key).under_way.insert(task.clone());
        let mark = || Self {
            agent: agent.clone(),
            key: key.clone(),
            task,
        };
        is_new.then(mark)
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        let mut state = self.agent.state.lock();
        if let Some(pod) = state.pods.get_mut(&self.key) {
            pod.under_way.remove(&self.task);
        }
        drop(state);
        self.agent.wake(&self.key);
    }
}
