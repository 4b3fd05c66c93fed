//! What a container has when its author left it out.

use k8s_openapi::api::core::v1::{Container, ContainerResizePolicy, EphemeralContainer, PodSpec};

use super::{env, probe, resources};

/// Fills in what all containers of a pod may leave out, in a template as well as in a pod.
pub fn default(container: &mut Container) {
    let image = container.image.as_deref().unwrap_or("");
    fill(&mut container.image_pull_policy, pull_policy(image));
    fill(
        &mut container.termination_message_path,
        "/dev/termination-log",
    );
    fill(&mut container.termination_message_policy, "File");
    for port in container.ports.iter_mut().flatten() {
        fill(&mut port.protocol, "TCP");
        port.host_port = port.host_port.filter(|port| *port != 0);
    }
    if let Some(variables) = &mut container.env {
        env::default(variables);
    }
    let probes = [
        &mut container.liveness_probe,
        &mut container.readiness_probe,
        &mut container.startup_probe,
    ];
    probes.into_iter().flatten().for_each(probe::default);
    if let Some(lifecycle) = &mut container.lifecycle {
        probe::default_lifecycle(lifecycle);
    }
    resources::canonical_requirements(container.resources.get_or_insert_default());
}

/// The same for containers added for debugging.
pub fn default_ephemeral(container: &mut EphemeralContainer) {
    let image = container.image.as_deref().unwrap_or("");
    fill(&mut container.image_pull_policy, pull_policy(image));
    fill(
        &mut container.termination_message_path,
        "/dev/termination-log",
    );
    fill(&mut container.termination_message_policy, "File");
    if let Some(variables) = &mut container.env {
        env::default(variables);
    }
    container.resources.get_or_insert_default();
}

/// What holds in a pod only, since a template is not yet asked for resources or ports of a node.
pub fn default_in_pod(spec: &mut PodSpec) {
    let on_host = spec.host_network == Some(true);
    let containers = spec
        .containers
        .iter_mut()
        .chain(spec.init_containers.iter_mut().flatten());
    for container in containers {
        if let Some(resources) = &mut container.resources {
            resources::request_what_is_limited(resources);
        }
        default_resize(container);
        let ports = container.ports.iter_mut().flatten().filter(|_| on_host);
        for port in ports.filter(|port| port.host_port.unwrap_or(0) == 0) {
            port.host_port = Some(port.container_port);
        }
    }
}

/// Resources that a container uses can be changed while it runs, without a restart.
fn default_resize(container: &mut Container) {
    let Some(resources) = &container.resources else {
        return;
    };
    let named = |resource: &str| {
        [&resources.limits, &resources.requests]
            .into_iter()
            .flatten()
            .any(|amounts| amounts.contains_key(resource))
    };
    let used: Vec<&str> = ["cpu", "memory"]
        .into_iter()
        .filter(|resource| named(resource))
        .collect();
    for resource in used {
        let policies = container.resize_policy.get_or_insert_default();
        if !policies
            .iter()
            .any(|policy| policy.resource_name == resource)
        {
            policies.push(ContainerResizePolicy {
                resource_name: resource.to_owned(),
                restart_policy: "NotRequired".to_owned(),
            });
        }
    }
}

/// A moving tag is pulled each time; a fixed one only when it is not there.
fn pull_policy(image: &str) -> &'static str {
    let (named, digest) = match image.split_once('@') {
        Some((named, _)) => (named, true),
        None => (image, false),
    };
    let last = named.rsplit('/').next().unwrap_or("");
    match last.split_once(':') {
        Some((_, "latest")) => "Always",
        None if !digest => "Always",
        Some(_) | None => "IfNotPresent",
    }
}

/// Sets a text that is absent or empty.
pub fn fill(field: &mut Option<String>, default: &str) {
    if field.as_deref().unwrap_or("").is_empty() {
        *field = Some(default.to_owned());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_moving_tags_are_always_pulled() {
        let images = [
            "nginx",
            "nginx:latest",
            "host:5000/nginx",
            "nginx@sha256:0a",
        ];
        let policies: Vec<&str> = images.into_iter().map(pull_policy).collect();
        assert_eq!(policies, ["Always", "Always", "Always", "IfNotPresent"]);
        assert_eq!(pull_policy("host:5000/nginx:1.25"), "IfNotPresent");
        assert_eq!(pull_policy("nginx:latest@sha256:0a"), "Always");
    }
}
