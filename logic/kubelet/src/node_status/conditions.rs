//! The conditions of a node. A transition time moves only when a status turns.

use k8s_openapi::api::core::v1::{NodeCondition, NodeStatus};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

use gantry_base::time::whole_seconds;

use super::Facts;

/// What a node runs short of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pressure {
    /// Memory.
    pub memory: bool,
    /// Disk.
    pub disk: bool,
    /// Process ids.
    pub pids: bool,
}

pub(super) fn conditions(known: &NodeStatus, facts: &Facts) -> Vec<NodeCondition> {
    let mut all = known.conditions.clone().unwrap_or_default();
    for (kind, short, bad, good) in [
        (
            "MemoryPressure",
            facts.pressure.memory,
            (
                "KubeletHasInsufficientMemory",
                "kubelet has insufficient memory available",
            ),
            (
                "KubeletHasSufficientMemory",
                "kubelet has sufficient memory available",
            ),
        ),
        (
            "DiskPressure",
            facts.pressure.disk,
            ("KubeletHasDiskPressure", "kubelet has disk pressure"),
            ("KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
        ),
        (
            "PIDPressure",
            facts.pressure.pids,
            (
                "KubeletHasInsufficientPID",
                "kubelet has insufficient PID available",
            ),
            (
                "KubeletHasSufficientPID",
                "kubelet has sufficient PID available",
            ),
        ),
    ] {
        set(
            &mut all,
            facts,
            (kind, short),
            if short { bad } else { good },
        );
    }
    let ready = facts.unready.is_none();
    let told = match &facts.unready {
        None => ("KubeletReady", "kubelet is posting ready status"),
        Some(why) => ("KubeletNotReady", why.as_str()),
    };
    set(&mut all, facts, ("Ready", ready), told);
    all
}

fn set(
    all: &mut Vec<NodeCondition>,
    facts: &Facts,
    (kind, holds): (&str, bool),
    (reason, message): (&str, &str),
) {
    let now = Time(whole_seconds(facts.now));
    let status = if holds { "True" } else { "False" };
    let known = all.iter().position(|known| known.type_ == kind);
    let since = known
        .map(|at| &all[at])
        .filter(|known| known.status == status);
    let since = since.and_then(|known| known.last_transition_time.clone());
    let condition = NodeCondition {
        type_: kind.to_owned(),
        status: status.to_owned(),
        reason: Some(reason.to_owned()),
        message: Some(message.to_owned()),
        last_heartbeat_time: Some(now.clone()),
        last_transition_time: Some(since.unwrap_or(now)),
    };
    match known {
        Some(at) => all[at] = condition,
        None => all.push(condition),
    }
}
