//! How a pod is, in one word, as users know it from the STATUS column.

use gantry_api::views::{Meta, PodView};
use k8s_openapi::api::core::v1::{Container, ContainerStateTerminated, ContainerStatus, Pod};

/// The word for `pod`.
pub(super) fn of(pod: &Pod) -> String {
    let (word, still_initializing) = match init_word(pod) {
        Some(word) => (word, true),
        None => (main_word(pod), false),
    };
    if !pod.is_terminating() {
        return word;
    }
    let reason = pod
        .status
        .as_ref()
        .and_then(|status| status.reason.as_deref());
    match reason {
        Some("NodeLost") => "Unknown".to_owned(),
        _ if pod.is_finished() && !still_initializing => word,
        _ => "Terminating".to_owned(),
    }
}

/// Whether the pod's init containers have not all done their part.
pub(super) fn initializing(pod: &Pod) -> bool {
    init_word(pod).is_some()
}

/// Whether the init container `name` stays beside the main containers.
pub(super) fn stays(pod: &Pod, name: &str) -> bool {
    let mut init = init_containers(pod);
    init.any(|container| {
        container.name == name && container.restart_policy.as_deref() == Some("Always")
    })
}

fn init_containers(pod: &Pod) -> impl Iterator<Item = &Container> {
    pod.spec
        .iter()
        .flat_map(|spec| spec.init_containers.iter().flatten())
}

/// The word while init containers run; nothing once they have done their part.
fn init_word(pod: &Pod) -> Option<String> {
    let done = pod
        .condition("Initialized")
        .is_some_and(|condition| condition.status == "True");
    if done {
        return None;
    }
    let states = pod.status.as_ref()?.init_container_statuses.as_ref()?;
    let total = init_containers(pod).count();
    for (index, state) in states.iter().enumerate() {
        let current = state.state.as_ref();
        if let Some(ended) = current.and_then(|state| state.terminated.as_ref()) {
            if ended.exit_code == 0 {
                continue;
            }
            return Some(format!("Init:{}", ended_word(ended)));
        }
        if stays(pod, &state.name) && state.started == Some(true) {
            continue;
        }
        let waiting = current.and_then(|state| state.waiting.as_ref());
        let reason = waiting
            .and_then(|waiting| waiting.reason.as_deref())
            .unwrap_or("");
        return Some(match reason {
            "" | "PodInitializing" => format!("Init:{index}/{total}"),
            reason => format!("Init:{reason}"),
        });
    }
    None
}

fn main_word(pod: &Pod) -> String {
    let mut word = base_word(pod);
    let mut running = false;
    let states = pod
        .status
        .iter()
        .flat_map(|status| status.container_statuses.iter().flatten());
    // The first container has the last word.
    for state in states.rev() {
        if let Some(told) = container_word(state) {
            word = told;
        } else if state.ready && is_running(state) {
            running = true;
        }
    }
    if word == "Completed" && running {
        let ready = if pod.is_ready() {
            "Running"
        } else {
            "NotReady"
        };
        ready.clone_into(&mut word);
    }
    word
}

fn base_word(pod: &Pod) -> String {
    let Some(status) = &pod.status else {
        return String::new();
    };
    let gated = status.conditions.iter().flatten().any(|condition| {
        condition.type_ == "PodScheduled" && condition.reason.as_deref() == Some("SchedulingGated")
    });
    let reason = status.reason.as_deref().filter(|reason| !reason.is_empty());
    match reason {
        Some(reason) => reason.to_owned(),
        None if gated => "SchedulingGated".to_owned(),
        None => status.phase.clone().unwrap_or_default(),
    }
}

fn is_running(state: &ContainerStatus) -> bool {
    state
        .state
        .as_ref()
        .is_some_and(|state| state.running.is_some())
}

/// What a container that does not run has to say.
fn container_word(state: &ContainerStatus) -> Option<String> {
    let current = state.state.as_ref()?;
    let waiting = current
        .waiting
        .as_ref()
        .and_then(|waiting| waiting.reason.as_deref());
    if let Some(reason) = waiting.filter(|reason| !reason.is_empty()) {
        return Some(reason.to_owned());
    }
    current.terminated.as_ref().map(ended_word)
}

fn ended_word(ended: &ContainerStateTerminated) -> String {
    match (
        ended.reason.as_deref().unwrap_or(""),
        ended.signal.unwrap_or(0),
    ) {
        ("", 0) => format!("ExitCode:{}", ended.exit_code),
        ("", signal) => format!("Signal:{signal}"),
        (reason, _) => reason.to_owned(),
    }
}
