//! Asks running containers how they are. What the answers mean is decided in the kubelet.

pub(crate) mod program;
mod trust;
pub(crate) mod web;

use std::time::Duration;

use futures_util::future::join_all;
use k8s_openapi::api::core::v1::{Container, Pod, Probe};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use tokio::net::TcpStream;

use gantry_base::Timestamp;
use gantry_base::time::since;
use gantry_kubelet::probes::{Which, is_probed};
use gantry_kubelet::sandbox::{ContainerId, PodRef};

use crate::agent::Agent;
use crate::tasks::{field_path, note};

/// Begins to ask a container for as long as it runs. Without probes there is nothing to ask.
pub(crate) fn watch(agent: &Agent, id: ContainerId, spec: &Container) {
    if !is_probed(spec) {
        return;
    }
    let (agent, spec) = (agent.clone(), spec.clone());
    agent.clone().spawn(async move {
        while let Some((due, next)) = due(&agent, &id) {
            if !due.is_empty() {
                join_all(due.into_iter().map(|which| ask(&agent, &id, &spec, which))).await;
                continue;
            }
            let Some(next) = next else { return };
            let wait = since(next, agent.clock.now());
            agent.clock.sleep(wait.max(Duration::from_millis(1))).await;
        }
    });
}

/// What is to be asked now, and when next; nothing when the container is no longer there.
fn due(agent: &Agent, id: &ContainerId) -> Option<(Vec<Which>, Option<Timestamp>)> {
    let now = agent.clock.now();
    agent.state.lock().probes_due(id, now)
}

async fn ask(agent: &Agent, id: &ContainerId, spec: &Container, which: Which) {
    let probe = match which {
        Which::Startup => spec.startup_probe.as_ref(),
        Which::Liveness => spec.liveness_probe.as_ref(),
        Which::Readiness => spec.readiness_probe.as_ref(),
    };
    let (Some(probe), Some(key)) = (probe, agent.state.lock().key_of(&id.sandbox.0)) else {
        return;
    };
    let seconds = probe
        .timeout_seconds
        .and_then(|seconds| u64::try_from(seconds).ok());
    let patience = Duration::from_secs(seconds.unwrap_or(1).max(1));
    let answer = tokio::time::timeout(patience, once(agent, (&key, id), spec, probe)).await;
    let answer = answer.unwrap_or_else(|_| Err(format!("timed out after {}s", patience.as_secs())));
    let now = agent.clock.now();
    let result = (which, answer.is_ok());
    let probed = agent.state.lock().probed(id, result, now);
    // A container that has ended meanwhile is not talked about.
    let Some(changed) = probed else { return };
    if let (Err(why), Some(pod)) = (&answer, agent.find(&key)) {
        tell(agent, &pod, (id, which), why);
    }
    if changed {
        agent.wake(&key);
    }
}

fn tell(agent: &Agent, pod: &Pod, (id, which): (&ContainerId, Which), why: &str) {
    let name = match which {
        Which::Startup => "Startup",
        Which::Liveness => "Liveness",
        Which::Readiness => "Readiness",
    };
    let message = format!("{name} probe failed: {why}");
    agent.tell(note(
        (pod, &field_path(pod, &id.name)),
        (true, "Unhealthy"),
        message,
    ));
}

async fn once(
    agent: &Agent,
    (key, id): (&PodRef, &ContainerId),
    spec: &Container,
    probe: &Probe,
) -> Result<(), String> {
    if let Some(exec) = &probe.exec {
        let argv = exec.command.clone().unwrap_or_default();
        let (code, output) = program::run(agent, id.clone(), argv).await?;
        return if code == 0 { Ok(()) } else { Err(output) };
    }
    let host = address(agent, key).unwrap_or_default();
    if let Some(get) = &probe.http_get {
        let target = web::Target::new(get, &host, spec)?;
        return match web::get(&target).await? {
            200..400 => Ok(()),
            code => Err(format!("HTTP probe failed with statuscode: {code}")),
        };
    }
    if let Some(socket) = &probe.tcp_socket {
        let host = socket
            .host
            .as_deref()
            .filter(|host| !host.is_empty())
            .unwrap_or(&host);
        let port = port(&socket.port, spec)?;
        let connected = TcpStream::connect((host, port)).await;
        return connected
            .map(drop)
            .map_err(|error| format!("dial tcp {host}:{port}: connect: {error}"));
    }
    Ok(())
}

/// The address at which the node reaches a pod.
pub(crate) fn address(agent: &Agent, key: &PodRef) -> Option<String> {
    let own = agent.state.lock().pods().get(key)?.address;
    let node = agent.config.addresses.first().copied();
    own.or(node).map(|address| address.to_string())
}

/// A port by number, or by the name that the container gives it.
pub(crate) fn port(port: &IntOrString, spec: &Container) -> Result<u16, String> {
    let number = match port {
        IntOrString::Int(number) => Some(*number),
        IntOrString::String(name) => {
            let mut ports = spec.ports.iter().flatten();
            let named = ports.find(|port| port.name.as_deref() == Some(name));
            named
                .map(|port| port.container_port)
                .or_else(|| name.parse().ok())
        }
    };
    let number = number.and_then(|number| u16::try_from(number).ok());
    number.ok_or_else(|| format!("the container has no port {port:?}"))
}
