//! What this node cannot do yet. A pod that asks for it is told so, and is not started.

use k8s_openapi::api::core::v1::{Container, Pod, PodSpec, Volume};
use serde_json::Value;

use crate::container::SAFE_SYSCTLS;

/// The volume types that this node can put in place.
const VOLUME_TYPES: [&str; 6] = [
    "configMap",
    "downwardAPI",
    "emptyDir",
    "hostPath",
    "projected",
    "secret",
];

/// Everything that the pod asks for and this node cannot do, each a sentence that names the field.
#[must_use]
pub fn unsupported(pod: &Pod) -> Vec<String> {
    let Some(spec) = &pod.spec else {
        return Vec::new();
    };
    let mut all = of_spec(spec);
    all.extend(spec.volumes.iter().flatten().filter_map(of_volume));
    for container in crate::pod::all_containers(pod) {
        all.extend(of_container(container));
    }
    all
}

fn of_spec(spec: &PodSpec) -> Vec<String> {
    let mut all = Vec::new();
    if spec.host_users == Some(false) {
        all.push("spec.hostUsers: false is not supported by this node".to_owned());
    }
    if spec
        .ephemeral_containers
        .as_ref()
        .is_some_and(|all| !all.is_empty())
    {
        all.push("spec.ephemeralContainers are not supported by this node".to_owned());
    }
    if spec
        .resource_claims
        .as_ref()
        .is_some_and(|all| !all.is_empty())
    {
        all.push("spec.resourceClaims are not supported by this node".to_owned());
    }
    let sysctls = spec
        .security_context
        .iter()
        .flat_map(|own| own.sysctls.iter().flatten());
    for sysctl in sysctls.filter(|set| !SAFE_SYSCTLS.contains(&set.name.as_str())) {
        all.push(format!(
            "forbidden sysctl: {:?} not allowlisted",
            sysctl.name
        ));
    }
    all
}

fn of_volume(volume: &Volume) -> Option<String> {
    let Ok(Value::Object(fields)) = serde_json::to_value(volume) else {
        return None;
    };
    let mut types = fields.keys().filter(|field| *field != "name");
    let unknown = types.find(|field| !VOLUME_TYPES.contains(&field.as_str()))?;
    Some(format!(
        "volume {:?}: type {unknown} is not supported by this node",
        volume.name
    ))
}

fn of_container(container: &Container) -> Vec<String> {
    let name = &container.name;
    let mut all = Vec::new();
    let mut refuse = |what: &str| {
        all.push(format!(
            "container {name:?}: {what} not supported by this node"
        ));
    };
    if container
        .volume_devices
        .as_ref()
        .is_some_and(|all| !all.is_empty())
    {
        refuse("volumeDevices are");
    }
    let probes = [
        ("livenessProbe", &container.liveness_probe),
        ("readinessProbe", &container.readiness_probe),
        ("startupProbe", &container.startup_probe),
    ];
    for (field, probe) in probes {
        if probe.as_ref().is_some_and(|probe| probe.grpc.is_some()) {
            refuse(&format!("{field}.grpc is"));
        }
    }
    for resource in amounts(container).filter(|name| !is_counted(name)) {
        refuse(&format!("resource {resource} is"));
    }
    let own = container.security_context.as_ref();
    let profile = own.and_then(|own| own.app_armor_profile.as_ref());
    if profile.is_some_and(|profile| profile.type_ == "Localhost") {
        refuse("securityContext.appArmorProfile of type Localhost is");
    }
    if container
        .restart_policy_rules
        .as_ref()
        .is_some_and(|rules| !rules.is_empty())
    {
        refuse("restartPolicyRules are");
    }
    all
}

fn amounts(container: &Container) -> impl Iterator<Item = &str> {
    let limits = container
        .resources
        .iter()
        .flat_map(|own| own.limits.iter().flatten());
    limits.map(|(name, _)| name.as_str())
}

/// Resources that a container gets by being given its share, and those that others count out.
fn is_counted(resource: &str) -> bool {
    !resource.starts_with("hugepages-")
}

#[cfg(test)]
mod tests;
