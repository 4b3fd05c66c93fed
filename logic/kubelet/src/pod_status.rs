//! What the node says of a pod: phase, conditions, addresses and the state of each container.
//!
//! The status is derived from what is seen, not from what was done. What others wrote into it, such
//! as conditions that we do not know, stays.

mod conditions;
mod containers;

use k8s_openapi::api::core::v1::{ContainerStatus, HostIP, PodIP, PodStatus};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

use gantry_base::time::whole_seconds;

use crate::pod::restart::Policy;
use crate::pod::{PodWorld, deadline};

/// The status that follows from the world.
#[must_use]
pub fn status(world: &PodWorld) -> PodStatus {
    let known = world.pod.status.clone().unwrap_or_default();
    let spec = world.pod.spec.as_ref();
    let init = containers::init_statuses(world);
    let main = containers::main_statuses(world);
    let phase = phase(world, &init, &main);
    let conditions = conditions::conditions(world, &known, &phase, (&init, &main));
    let pod_ip = world
        .addresses
        .first()
        .cloned()
        .or_else(|| known.pod_ip.clone());
    let pod_ips = world
        .addresses
        .iter()
        .map(|ip| PodIP { ip: ip.clone() })
        .collect::<Vec<_>>();
    let has_init = spec
        .and_then(|spec| spec.init_containers.as_ref())
        .is_some_and(|init| !init.is_empty());
    let failed = deadline::is_over(world) && phase == "Failed" && known.reason.is_none();
    let told = |text: &str| failed.then(|| text.to_owned());
    PodStatus {
        reason: told(deadline::REASON).or_else(|| known.reason.clone()),
        message: told(deadline::MESSAGE).or_else(|| known.message.clone()),
        phase: Some(phase),
        conditions: Some(conditions),
        start_time: known
            .start_time
            .clone()
            .or_else(|| Some(Time(whole_seconds(world.now)))),
        host_ip: world.host_addresses.first().cloned(),
        host_ips: Some(
            world
                .host_addresses
                .iter()
                .map(|ip| HostIP { ip: ip.clone() })
                .collect(),
        ),
        pod_ip,
        pod_ips: if pod_ips.is_empty() {
            known.pod_ips.clone()
        } else {
            Some(pod_ips)
        },
        init_container_statuses: has_init.then_some(init),
        container_statuses: Some(main),
        observed_generation: world.pod.metadata.generation,
        ..known
    }
}

/// Pending until the first container runs; Succeeded or Failed once none will run again.
fn phase(world: &PodWorld, init: &[ContainerStatus], main: &[ContainerStatus]) -> String {
    let known = world
        .pod
        .status
        .as_ref()
        .and_then(|status| status.phase.as_deref());
    if let Some(ended @ ("Succeeded" | "Failed")) = known {
        return ended.to_owned();
    }
    if deadline::is_over(world) {
        return "Failed".to_owned();
    }
    let policy = Policy::named(
        world
            .pod
            .spec
            .as_ref()
            .and_then(|spec| spec.restart_policy.as_deref()),
    );
    let deleting = world.pod.metadata.deletion_timestamp.is_some();
    let over = |status: &ContainerStatus| {
        let code = exit_code(status)?;
        (deleting || !policy.restarts(code)).then_some(code)
    };
    if init_failed(world, init, policy) {
        return "Failed".to_owned();
    }
    let codes: Option<Vec<i32>> = main.iter().map(over).collect();
    match codes {
        Some(codes) if !codes.is_empty() => if codes.iter().all(|code| *code == 0) {
            "Succeeded"
        } else {
            "Failed"
        }
        .to_owned(),
        Some(_) | None => if main.iter().any(has_run) {
            "Running"
        } else {
            "Pending"
        }
        .to_owned(),
    }
}

/// Whether an init container failed that will not be tried again.
fn init_failed(world: &PodWorld, init: &[ContainerStatus], policy: Policy) -> bool {
    let specs = world
        .pod
        .spec
        .iter()
        .flat_map(|spec| spec.init_containers.iter().flatten());
    let sidecars: Vec<&str> = specs
        .filter(|spec| spec.restart_policy.as_deref() == Some("Always"))
        .map(|spec| spec.name.as_str())
        .collect();
    let one_shot = init
        .iter()
        .filter(|status| !sidecars.contains(&status.name.as_str()));
    one_shot
        .filter_map(exit_code)
        .any(|code| code != 0 && policy == Policy::Never)
}

fn exit_code(status: &ContainerStatus) -> Option<i32> {
    Some(status.state.as_ref()?.terminated.as_ref()?.exit_code)
}

fn has_run(status: &ContainerStatus) -> bool {
    let started = |state: &k8s_openapi::api::core::v1::ContainerState| {
        state.running.is_some() || state.terminated.is_some()
    };
    status.state.as_ref().is_some_and(started) || status.last_state.as_ref().is_some_and(started)
}

#[cfg(test)]
mod tests;
