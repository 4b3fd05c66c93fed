//! The conditions of a pod that the node keeps. A transition time moves only when a status turns.

use k8s_openapi::api::core::v1::{ContainerStatus, PodCondition, PodStatus};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

use gantry_base::time::whole_seconds;

use crate::pod::PodWorld;
use crate::sandbox::SandboxState;

/// One verdict: the reason and the message are for the bad case.
struct Verdict {
    condition: &'static str,
    holds: bool,
    reason: &'static str,
    message: String,
}

/// All conditions: ours as they are now, those of others as they were.
pub(super) fn conditions(
    world: &PodWorld,
    known: &PodStatus,
    phase: &str,
    (init, main): (&[ContainerStatus], &[ContainerStatus]),
) -> Vec<PodCondition> {
    let mut all: Vec<PodCondition> = known.conditions.clone().unwrap_or_default();
    for verdict in verdicts(world, phase, (init, main)) {
        set(world, &mut all, verdict);
    }
    all
}

fn verdicts(
    world: &PodWorld,
    phase: &str,
    (init, main): (&[ContainerStatus], &[ContainerStatus]),
) -> Vec<Verdict> {
    let over = matches!(phase, "Succeeded" | "Failed");
    let sandbox = world
        .sandbox
        .as_ref()
        .is_some_and(|sandbox| sandbox.state == SandboxState::Ready);
    let uninitialized = init.iter().filter(|status| !is_initialized(status));
    let uninitialized: Vec<&str> = uninitialized.map(|status| status.name.as_str()).collect();
    let sidecars = init.iter().filter(|status| is_sidecar(world, status));
    let unready = main.iter().chain(sidecars).filter(|status| !status.ready);
    let unready: Vec<&str> = unready.map(|status| status.name.as_str()).collect();
    let containers_ready = unready.is_empty() && !over;
    let why = if over {
        "PodCompleted"
    } else {
        "ContainersNotReady"
    };
    let told = if over {
        String::new()
    } else {
        format!("containers with unready status: [{}]", unready.join(" "))
    };
    let gates = open_gates(world);
    let (ready_why, ready_told) = if containers_ready && !gates.is_empty() {
        (
            "ReadinessGatesNotReady",
            format!(
                "the status of pod readiness gate {:?} is not \"True\"",
                gates[0]
            ),
        )
    } else {
        (why, told.clone())
    };
    vec![
        Verdict {
            condition: "PodReadyToStartContainers",
            holds: sandbox && !world.addresses.is_empty(),
            reason: "",
            message: String::new(),
        },
        Verdict {
            condition: "Initialized",
            holds: uninitialized.is_empty() || phase == "Succeeded",
            reason: "ContainersNotInitialized",
            message: format!(
                "containers with incomplete status: [{}]",
                uninitialized.join(" ")
            ),
        },
        Verdict {
            condition: "Ready",
            holds: containers_ready && gates.is_empty(),
            reason: ready_why,
            message: ready_told,
        },
        Verdict {
            condition: "ContainersReady",
            holds: containers_ready,
            reason: why,
            message: told,
        },
    ]
}

fn is_initialized(status: &ContainerStatus) -> bool {
    let ended = status
        .state
        .as_ref()
        .and_then(|state| state.terminated.as_ref());
    ended.is_some_and(|ended| ended.exit_code == 0) || status.started == Some(true)
}

fn is_sidecar(world: &PodWorld, status: &ContainerStatus) -> bool {
    let mut init = world
        .pod
        .spec
        .iter()
        .flat_map(|spec| spec.init_containers.iter().flatten());
    init.any(|init| init.name == status.name && init.restart_policy.as_deref() == Some("Always"))
}

/// The readiness gates whose condition does not hold.
fn open_gates(world: &PodWorld) -> Vec<&str> {
    let gates = world
        .pod
        .spec
        .iter()
        .flat_map(|spec| spec.readiness_gates.iter().flatten());
    let conditions = world
        .pod
        .status
        .as_ref()
        .and_then(|status| status.conditions.as_deref())
        .unwrap_or(&[]);
    let holds = |gate: &str| {
        conditions
            .iter()
            .any(|known| known.type_ == gate && known.status == "True")
    };
    gates
        .map(|gate| gate.condition_type.as_str())
        .filter(|gate| !holds(gate))
        .collect()
}

fn set(world: &PodWorld, all: &mut Vec<PodCondition>, verdict: Verdict) {
    let status = if verdict.holds { "True" } else { "False" };
    let some = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty() && !verdict.holds);
    let known = all
        .iter()
        .position(|known| known.type_ == verdict.condition);
    let since = known
        .map(|at| &all[at])
        .filter(|known| known.status == status);
    let since = since.and_then(|known| known.last_transition_time.clone());
    let condition = PodCondition {
        type_: verdict.condition.to_owned(),
        status: status.to_owned(),
        reason: some(verdict.reason),
        message: some(&verdict.message),
        last_transition_time: Some(since.unwrap_or(Time(whole_seconds(world.now)))),
        last_probe_time: None,
        observed_generation: world.pod.metadata.generation,
    };
    match known {
        Some(at) => all[at] = condition,
        None => all.push(condition),
    }
}
