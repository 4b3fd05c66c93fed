//! Decides what this node should do next for one pod.
//!
//! A plan names what is missing; what is under way already is part of the world and not named
//! again. Whatever happened, the next plan starts from what is seen, never from what was intended.

mod containers;
pub(crate) mod deadline;
mod ending;
pub mod restart;

pub(crate) use containers::is_sidecar;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use k8s_openapi::api::core::v1::{Container, Pod, PodStatus};

use gantry_api::views::Meta;
use gantry_base::Timestamp;
use gantry_reconcile::{EventNote, Plan};

use crate::pod_status;
use crate::probes::Health;
use crate::sandbox::{ContainerId, Sandbox, SandboxState};

/// Everything the decision depends on.
#[derive(Clone, Debug)]
pub struct PodWorld {
    /// The moment of the decision.
    pub now: Timestamp,
    /// What is asked for.
    pub pod: Arc<Pod>,
    /// What runs, if anything does.
    pub sandbox: Option<Sandbox>,
    /// What the node cannot do for this pod, each a sentence; such a pod is not started.
    pub unsupported: Vec<String>,
    /// How far the pod's volumes are.
    pub volumes: Volumes,
    /// How far the images are, by the container that wants them.
    pub images: BTreeMap<String, Image>,
    /// What is wrong with a container's configuration, by container.
    pub config_errors: BTreeMap<String, String>,
    /// What the probes say of running containers.
    pub health: BTreeMap<ContainerId, Health>,
    /// What is being done at the moment.
    pub under_way: BTreeSet<Task>,
    /// Whether service traffic may still be sent to the pod.
    pub is_routed: bool,
    /// The pod's addresses, once it has any.
    pub addresses: Vec<String>,
    /// The node's own addresses.
    pub host_addresses: Vec<String>,
}

/// How far a pod's volumes are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Volumes {
    /// Nothing was done yet.
    #[default]
    Absent,
    /// Everything is in place.
    Ready,
    /// It did not work; the sentence says why. It is tried again at this moment.
    Failed {
        /// Why.
        why: String,
        /// When to try again.
        retry_at: Timestamp,
    },
}

/// How far an image is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Image {
    /// It has to be pulled, or to be looked for.
    #[default]
    Absent,
    /// The node has it.
    Present {
        /// The exact image.
        id: String,
    },
    /// It could not be had.
    Failed {
        /// `ErrImagePull`, `ErrImageNeverPull` or `InvalidImageName`.
        reason: String,
        /// Why.
        why: String,
        /// When to try again.
        retry_at: Timestamp,
    },
}

/// Something that takes time and is being done. Its end makes the pod due again.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Task {
    /// Pulling the image of a container.
    Pull(String),
    /// Putting the volumes in place.
    Mount,
    /// Making the sandbox, stopping it, or removing it with all that is left of the pod.
    Sandbox,
    /// Making and starting a container, or stopping it.
    Container(String),
    /// Writing the status, or removing the pod from the API.
    Report,
}

/// One thing that a node can do for a pod.
#[derive(Clone, Debug, PartialEq)]
pub enum PodAction {
    /// Get the image that this container wants.
    Pull {
        /// The container's name.
        container: String,
    },
    /// Put all volumes in place.
    Mount,
    /// Make the sandbox.
    RunSandbox,
    /// Make a container and start it.
    Start {
        /// The container's name.
        container: String,
        /// 0 for the first run.
        attempt: u32,
        /// How many short runs came before it in a row; kept with the container.
        step: u32,
    },
    /// Stop a container: its hook, its signal, the wait, the end.
    ///
    /// Named until it has ended; repeating it changes something only when the grace is shorter.
    Stop {
        /// Which.
        container: ContainerId,
        /// How long hook and signal may take together.
        grace: Duration,
        /// Why, for the event.
        because: String,
    },
    /// Forget a container that ended long ago.
    Forget(ContainerId),
    /// End everything in the sandbox and give its network back; what it wrote stays readable.
    StopSandbox,
    /// Remove everything that is left of the pod: sandbox, volumes, logs.
    RemoveSandbox,
    /// Tell people.
    Note(EventNote),
    /// Write the status.
    Report(Box<PodStatus>),
    /// Remove the pod from the API: nothing of it is left here.
    Delete,
}

impl fmt::Display for PodAction {
    /// What is done, in words; nothing of what containers are given.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pull { container } => write!(f, "pull the image of {container}"),
            Self::Mount => write!(f, "put volumes in place"),
            Self::RunSandbox => write!(f, "run the sandbox"),
            Self::Start {
                container, attempt, ..
            } => write!(f, "start {container} (attempt {attempt})"),
            Self::Stop {
                container,
                grace,
                because,
            } => write!(f, "stop {} within {grace:?}: {because}", container.name),
            Self::Forget(container) => write!(f, "forget an ended run of {}", container.name),
            Self::StopSandbox => write!(f, "stop the sandbox"),
            Self::RemoveSandbox => write!(f, "remove the sandbox"),
            Self::Note(note) => write!(f, "note {}: {}", note.reason, note.message),
            Self::Report(status) => {
                let phase = status.phase.as_deref().unwrap_or("unknown");
                write!(f, "report phase {phase}")
            }
            Self::Delete => write!(f, "remove the pod from the API"),
        }
    }
}

impl PodAction {
    /// What is under way while this action is carried out; nothing when it is done at once.
    #[must_use]
    pub fn task(&self) -> Option<Task> {
        match self {
            Self::Pull { container } => Some(Task::Pull(container.clone())),
            Self::Mount => Some(Task::Mount),
            Self::RunSandbox | Self::StopSandbox | Self::RemoveSandbox => Some(Task::Sandbox),
            Self::Start { container, .. } => Some(Task::Container(container.clone())),
            Self::Stop { container, .. } | Self::Forget(container) => {
                Some(Task::Container(container.name.clone()))
            }
            Self::Report(_) | Self::Delete => Some(Task::Report),
            Self::Note(_) => None,
        }
    }
}

/// Decides what this node should do next for one pod.
#[must_use]
pub fn next_actions(world: &PodWorld) -> Plan<PodAction> {
    let mut plan = Plan::default();
    let status = pod_status::status(world);
    if world.pod.is_terminating() {
        ending::delete(world, &mut plan);
    } else if matches!(status.phase.as_deref(), Some("Succeeded" | "Failed")) {
        ending::finish(world, &mut plan);
    } else if world.unsupported.is_empty() {
        run(world, &mut plan);
    } else {
        refuse(world, &mut plan);
        // What was asked for later does not keep the rest from running.
        if world.sandbox.is_some() {
            run(world, &mut plan);
        }
    }
    if let Some(left) = deadline::time_left(world).filter(|left| !left.is_zero()) {
        plan.recheck_after(left);
    }
    report(world, status, &mut plan);
    // A stop is told again while one is under way: a second deletion may have shortened the grace.
    plan.actions.retain(|action| {
        matches!(action, PodAction::Stop { .. })
            || action
                .task()
                .is_none_or(|task| !world.under_way.contains(&task))
    });
    plan
}

/// Reports the status when it says something new. What others wrote into it stays.
fn report(world: &PodWorld, status: PodStatus, plan: &mut Plan<PodAction>) {
    let known = world.pod.status.clone().unwrap_or_default();
    let deletes = plan
        .actions
        .iter()
        .any(|action| matches!(action, PodAction::Delete));
    if status != known && !deletes {
        plan.act(PodAction::Report(Box::new(status)));
    }
}

/// Brings the pod up, everything at once that does not depend on something else.
fn run(world: &PodWorld, plan: &mut Plan<PodAction>) {
    let volumes = volumes_ready(world, plan);
    let images = pull(world, plan);
    match &world.sandbox {
        None => plan.act(PodAction::RunSandbox),
        Some(sandbox) if sandbox.state == SandboxState::NotReady => {
            // Its shim is gone: what the pod had is recorded in its status; begin anew.
            plan.act(PodAction::RemoveSandbox);
        }
        Some(sandbox) if volumes => containers::run(world, sandbox, &images, plan),
        Some(_) => {}
    }
}

/// Whether the volumes are in place; asks for them when it is time to.
fn volumes_ready(world: &PodWorld, plan: &mut Plan<PodAction>) -> bool {
    match &world.volumes {
        Volumes::Ready => return true,
        Volumes::Absent => plan.act(PodAction::Mount),
        Volumes::Failed { retry_at, .. } if *retry_at <= world.now => plan.act(PodAction::Mount),
        Volumes::Failed { retry_at, .. } => wait_until(*retry_at, world.now, plan),
    }
    false
}

/// The containers whose image is there; asks for the others when it is time to.
fn pull(world: &PodWorld, plan: &mut Plan<PodAction>) -> BTreeSet<String> {
    let mut present = BTreeSet::new();
    for container in all_containers(&world.pod) {
        let name = container.name.clone();
        match world.images.get(&name).unwrap_or(&Image::Absent) {
            Image::Present { .. } => {
                present.insert(name);
            }
            Image::Absent => plan.act(PodAction::Pull { container: name }),
            Image::Failed { retry_at, .. } if *retry_at <= world.now => {
                plan.act(PodAction::Pull { container: name });
            }
            Image::Failed { retry_at, .. } => wait_until(*retry_at, world.now, plan),
        }
    }
    present
}

/// Says what the node cannot do, instead of ignoring it.
fn refuse(world: &PodWorld, plan: &mut Plan<PodAction>) {
    for sentence in &world.unsupported {
        plan.act(PodAction::Note(note(
            world,
            true,
            "Unsupported",
            sentence.clone(),
        )));
    }
    plan.recheck_after(Duration::from_secs(300));
}

pub(crate) fn wait_until<A>(when: Timestamp, now: Timestamp, plan: &mut Plan<A>) {
    plan.recheck_after(gantry_base::time::since(when, now).max(Duration::from_millis(1)));
}

/// Init containers and containers, in the order in which they start.
pub fn all_containers(pod: &Pod) -> impl Iterator<Item = &Container> {
    let spec = pod.spec.iter();
    spec.flat_map(|spec| {
        spec.init_containers
            .iter()
            .flatten()
            .chain(&spec.containers)
    })
}

/// A delay as messages tell it: `10s`, `1m20s`.
pub(crate) fn told(delay: Duration) -> String {
    containers::seconds(delay)
}

/// An event about the pod, as the kubelet reports it.
pub(crate) fn note(world: &PodWorld, warning: bool, reason: &str, message: String) -> EventNote {
    let note = if warning {
        EventNote::warning(world.pod.as_ref(), reason, message)
    } else {
        EventNote::normal(world.pod.as_ref(), reason, message)
    };
    EventNote {
        component: "kubelet".to_owned(),
        ..note
    }
}

#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
