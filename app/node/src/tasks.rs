//! What takes time for one pod: begun by the pod loop, known to be under way, making the pod due
//! again when it ends, however it ends.

mod container;
mod mount;
mod pull;
mod sandbox;

use k8s_openapi::api::core::v1::{Pod, PodStatus};

use gantry_driver::End;
use gantry_kubelet::agent::{Begun, Mark, Step};
use gantry_kubelet::pod::PodAction;
use gantry_kubelet::sandbox::PodRef;
use gantry_reconcile::EventNote;

use crate::agent::Agent;

/// Begins to carry out one step.
pub(crate) fn begin(agent: &Agent, step: Step) {
    let begun = agent.state.lock().begin(&step, agent.clock.now());
    match begun {
        Begun::Nothing => {}
        Begun::Tell(note) => agent.tell(note),
        Begun::Sooner { container, grace } => {
            container::stop_sooner(agent, container, grace);
        }
        Begun::Task(mark) => {
            agent.spawn(Running::new(agent, mark).run(step));
        }
    }
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
        (
            PodAction::Stop {
                container,
                grace,
                because,
            },
            Some(pod),
        ) => container::stop(agent, (key, pod), (&container, grace, because)).await,
        (PodAction::Report(status), Some(pod)) => report(agent, (key, pod), *status).await,
        (PodAction::Delete, Some(pod)) => delete(agent, (key, pod)).await,
        // Notes take no time; the rest needs a pod.
        (_, _) => true,
    }
}

/// Writes a pod's status; whether it went well.
async fn report(agent: &Agent, (key, pod): (&PodRef, &Pod), status: PodStatus) -> bool {
    let reported = agent.reports().report((key, pod), status).await;
    if let Err(rejection) = &reported {
        tracing::warn!(pod = %key, %rejection, "could not report a status");
    }
    reported.is_ok()
}

/// Removes a pod of which nothing is left; whether it went well.
async fn delete(agent: &Agent, (key, pod): (&PodRef, &Pod)) -> bool {
    match agent.reports().delete((key, pod)).await {
        End::Done => true,
        // Its pod was replaced: the view will show that in a moment.
        End::Stale => false,
        End::Refused(_, why) | End::Failed(why) => {
            tracing::warn!(pod = %key, why, "could not remove a pod");
            false
        }
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
struct Running {
    agent: Agent,
    mark: Mark,
    /// How it ended; badly, unless it says otherwise.
    well: bool,
}

impl Running {
    fn new(agent: &Agent, mark: Mark) -> Self {
        Self {
            agent: agent.clone(),
            mark,
            well: false,
        }
    }

    async fn run(mut self, step: Step) {
        let Step { key, pod, action } = step;
        self.well = carry_out(&self.agent, (&key, pod.as_deref()), action).await;
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let now = self.agent.clock.now();
        self.agent.state.lock().ended(&self.mark, self.well, now);
        self.agent.wake(&self.mark.key);
    }
}
