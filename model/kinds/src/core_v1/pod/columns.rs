//! What `kubectl get pods` shows.

use gantry_base::time::Timestamp;
use k8s_openapi::api::core::v1::{ContainerStatus, Pod};
use serde_json::Value;

use super::status_text;
use crate::column::Column;
use crate::parts::cell;

pub(super) const COLUMNS: &[Column<Pod>] = &[
    Column::NAME,
    Column::text(
        "Ready",
        "How many containers are ready, of how many.",
        |pod, _| ready(pod),
    ),
    Column::text("Status", "In one word, how the pod is.", |pod, _| {
        status_text::of(pod).into()
    }),
    Column::text(
        "Restarts",
        "How often containers were restarted, and when last.",
        restarts,
    ),
    Column::AGE,
    Column::text("IP", "The pod's address.", |pod, _| {
        cell::or_none(status(pod, |status| status.pod_ip.as_deref()))
    })
    .wide(),
    Column::text("Node", "The node it runs on.", |pod, _| node(pod)).wide(),
    Column::text(
        "Nominated Node",
        "The node where room is being made for it.",
        |pod, _| cell::or_none(status(pod, |status| status.nominated_node_name.as_deref())),
    )
    .wide(),
    Column::text(
        "Readiness Gates",
        "How many of its extra conditions are met.",
        |pod, _| gates(pod),
    )
    .wide(),
];

fn status(pod: &Pod, text: fn(&k8s_openapi::api::core::v1::PodStatus) -> Option<&str>) -> &str {
    pod.status.as_ref().and_then(text).unwrap_or("")
}

fn node(pod: &Pod) -> Value {
    let node = pod.spec.as_ref().and_then(|spec| spec.node_name.as_deref());
    cell::or_none(node.unwrap_or(""))
}

/// The states of the containers that count: the main ones, and init containers that stay.
fn counted(pod: &Pod) -> Vec<&ContainerStatus> {
    let Some(status) = &pod.status else {
        return Vec::new();
    };
    let init = status.init_container_statuses.iter().flatten();
    let staying = init.filter(|state| status_text::stays(pod, &state.name));
    staying
        .chain(status.container_statuses.iter().flatten())
        .collect()
}

fn ready(pod: &Pod) -> Value {
    let spec = pod.spec.as_ref();
    let init = spec
        .iter()
        .flat_map(|spec| spec.init_containers.iter().flatten());
    let staying = init.filter(|container| container.restart_policy.as_deref() == Some("Always"));
    let total = spec.map_or(0, |spec| spec.containers.len()) + staying.count();
    let running = |state: &&&ContainerStatus| {
        state.ready
            && state
                .state
                .as_ref()
                .is_some_and(|state| state.running.is_some())
    };
    let ready = counted(pod).iter().filter(running).count();
    format!("{ready}/{total}").into()
}

/// While init containers run, their restarts count; afterwards those of the main containers.
fn restarts(pod: &Pod, now: Timestamp) -> Value {
    let init = pod
        .status
        .iter()
        .flat_map(|status| status.init_container_statuses.iter().flatten());
    let states: Vec<&ContainerStatus> = if status_text::initializing(pod) {
        init.collect()
    } else {
        counted(pod)
    };
    let count: i32 = states.iter().map(|state| state.restart_count).sum();
    let ended = states.iter().filter_map(|state| {
        let last = state.last_state.as_ref()?.terminated.as_ref()?;
        cell::moment(last.finished_at.as_ref())
    });
    match ended.max().filter(|_| count != 0) {
        Some(last) => format!("{count} ({} ago)", cell::age_text(Some(last), now)).into(),
        None => count.to_string().into(),
    }
}

fn gates(pod: &Pod) -> Value {
    let gates = pod
        .spec
        .iter()
        .flat_map(|spec| spec.readiness_gates.iter().flatten());
    let gates: Vec<&str> = gates.map(|gate| gate.condition_type.as_str()).collect();
    if gates.is_empty() {
        return cell::NONE.into();
    }
    let conditions = pod
        .status
        .iter()
        .flat_map(|status| status.conditions.iter().flatten());
    let met = conditions
        .filter(|condition| condition.status == "True")
        .filter(|condition| gates.contains(&condition.type_.as_str()));
    format!("{}/{}", met.count(), gates.len()).into()
}
