//! Which parts of a pod may change once it exists: very few.

use gantry_api::field_error::FieldErrors;
use gantry_api::views::Meta;
use gantry_base::FieldPath;
use k8s_openapi::api::core::v1::{Container, ContainerStatus, Pod, PodSpec, Toleration};

use crate::parts::{changes, check, tolerations};

const MAY_CHANGE: &str = "pod updates may not change fields other than `spec.containers[*].image`,\
                          `spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,\
                          `spec.tolerations` (only additions to existing tolerations),\
                          `spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was \
                          previously negative)";

/// Checks a new specification against the old one.
pub(super) fn validate(new: &PodSpec, old: &PodSpec, path: &FieldPath, errors: &mut FieldErrors) {
    images(new, path, errors);
    let same_containers = same_containers(new, old, path, errors);
    deadline(new, old, &path.field("activeDeadlineSeconds"), errors);
    added_tolerations(new, old, &path.field("tolerations"), errors);
    gates(new, old, &path.field("schedulingGates"), errors);
    let rest = with_what_may_change(new, old);
    if same_containers && rest != *old {
        let changed = changes::list(&rest, old, path);
        errors.forbidden(path, format!("{MAY_CHANGE}\nchanged: {changed}"));
    }
}

fn images(new: &PodSpec, path: &FieldPath, errors: &mut FieldErrors) {
    let init = new.init_containers.as_deref().unwrap_or(&[]);
    for (field, containers) in [
        ("containers", new.containers.as_slice()),
        ("initContainers", init),
    ] {
        for (index, container) in containers.iter().enumerate() {
            let at = path.field(field).index(index).field("image");
            check::given(container.image.as_deref(), &at, errors);
        }
    }
}

/// Reports containers that were added or removed; says whether there are none.
fn same_containers(
    new: &PodSpec,
    old: &PodSpec,
    path: &FieldPath,
    errors: &mut FieldErrors,
) -> bool {
    let init = |spec: &PodSpec| spec.init_containers.as_ref().map_or(0, Vec::len);
    let counts = [
        ("containers", new.containers.len(), old.containers.len()),
        ("initContainers", init(new), init(old)),
    ];
    let mut same = true;
    for (field, _, _) in counts.into_iter().filter(|(_, new, old)| new != old) {
        same = false;
        errors.forbidden(
            &path.field(field),
            "pod updates may not add or remove containers",
        );
    }
    same
}

/// The new specification, with everything that may change put back: what differs then, may not.
fn with_what_may_change(new: &PodSpec, old: &PodSpec) -> PodSpec {
    let mut new = new.clone();
    restore_images(&mut new.containers, &old.containers);
    let old_init = old.init_containers.as_deref().unwrap_or(&[]);
    restore_images(
        new.init_containers.as_deref_mut().unwrap_or(&mut []),
        old_init,
    );
    new.active_deadline_seconds = old.active_deadline_seconds;
    new.tolerations.clone_from(&old.tolerations);
    if is_gated(old) {
        // Nobody has looked for a node yet, so where the pod may go may still be narrowed.
        new.scheduling_gates.clone_from(&old.scheduling_gates);
        if narrowed(&new, old) {
            new.node_selector.clone_from(&old.node_selector);
        }
        if affinity_may_be_set(&new, old) {
            new.affinity.clone_from(&old.affinity);
        }
    }
    if old
        .termination_grace_period_seconds
        .is_some_and(|seconds| seconds < 0)
        && new.termination_grace_period_seconds == Some(1)
    {
        new.termination_grace_period_seconds = old.termination_grace_period_seconds;
    }
    new
}

fn restore_images(new: &mut [Container], old: &[Container]) {
    for (new, old) in new.iter_mut().zip(old) {
        new.image.clone_from(&old.image);
    }
}

fn is_gated(spec: &PodSpec) -> bool {
    spec.scheduling_gates
        .as_ref()
        .is_some_and(|gates| !gates.is_empty())
}

fn narrowed(new: &PodSpec, old: &PodSpec) -> bool {
    let kept = |(key, value): (&String, &String)| {
        new.node_selector
            .as_ref()
            .and_then(|labels| labels.get(key))
            == Some(value)
    };
    old.node_selector.iter().flatten().all(kept)
}

fn affinity_may_be_set(new: &PodSpec, old: &PodSpec) -> bool {
    new.affinity == old.affinity || old.affinity.is_none()
}

fn deadline(new: &PodSpec, old: &PodSpec, path: &FieldPath, errors: &mut FieldErrors) {
    match (new.active_deadline_seconds, old.active_deadline_seconds) {
        (Some(new), old) => {
            check::between(new, 1, i32::MAX.into(), path, errors);
            if old.is_some_and(|old| new > old) {
                errors.invalid(path, new, "must be less than or equal to previous value");
            }
        }
        (None, Some(_)) => {
            errors.invalid(
                path,
                (),
                "must not update from a positive integer to nil value",
            );
        }
        (None, None) => {}
    }
}

/// Tolerations may be added; of those there are, only the time may change.
fn added_tolerations(new: &PodSpec, old: &PodSpec, path: &FieldPath, errors: &mut FieldErrors) {
    let new = new.tolerations.as_deref().unwrap_or(&[]);
    let old = old.tolerations.as_deref().unwrap_or(&[]);
    let lost = old
        .iter()
        .any(|old| !new.iter().any(|new| same_but_time(new, old)));
    if lost {
        let detail = "existing toleration can not be modified except its tolerationSeconds";
        errors.forbidden(path, detail);
    }
    tolerations::validate(new, path, errors);
}

fn same_but_time(new: &Toleration, old: &Toleration) -> bool {
    let plain = |from: &Toleration| Toleration {
        toleration_seconds: None,
        ..from.clone()
    };
    plain(new) == plain(old)
}

fn gates(new: &PodSpec, old: &PodSpec, path: &FieldPath, errors: &mut FieldErrors) {
    let known = old.scheduling_gates.as_deref().unwrap_or(&[]);
    for gate in new
        .scheduling_gates
        .iter()
        .flatten()
        .filter(|gate| !known.contains(gate))
    {
        let name = &gate.name;
        let detail = format!("only deletion is allowed, but found new scheduling gate '{name}'");
        errors.forbidden(path, detail);
    }
}

/// Checks a status: what ended for good stays ended, and the first address is the address.
pub(super) fn validate_status(pod: &Pod, old: &Pod, errors: &mut FieldErrors) {
    let path = FieldPath::new("status");
    let (Some(new), Some(previous)) = (&pod.status, &old.status) else {
        return;
    };
    if let Some(name) = &new.nominated_node_name {
        errors.named(
            &path.field("nominatedNodeName"),
            name,
            gantry_base::name::dns_subdomain,
        );
    }
    if let (Some(first), Some(ip)) = (new.pod_ips.iter().flatten().next(), &new.pod_ip)
        && first.ip != *ip
    {
        let detail = "must be equal to `podIP`";
        errors.invalid(
            &path.field("podIPs").index(0).field("ip"),
            &first.ip,
            detail,
        );
    }
    if pod.uid() == old.uid() && new.qos_class != previous.qos_class {
        errors.invalid(
            &path.field("qosClass"),
            &new.qos_class,
            "field is immutable",
        );
    }
    let restart = old
        .spec
        .as_ref()
        .and_then(|spec| spec.restart_policy.as_deref());
    let states = new.container_statuses.as_deref().unwrap_or(&[]);
    let before = previous.container_statuses.as_deref().unwrap_or(&[]);
    ended_stays_ended(
        states,
        before,
        restart,
        &path.field("containerStatuses"),
        errors,
    );
}

fn ended_stays_ended(
    new: &[ContainerStatus],
    old: &[ContainerStatus],
    restart: Option<&str>,
    path: &FieldPath,
    errors: &mut FieldErrors,
) {
    if restart.unwrap_or("Always") == "Always" {
        return;
    }
    for old in old {
        let ended = old
            .state
            .as_ref()
            .and_then(|state| state.terminated.as_ref());
        // Who failed may be started once more.
        let final_end = ended.filter(|ended| ended.exit_code == 0 || restart == Some("Never"));
        let index = new.iter().position(|new| new.name == old.name);
        let (Some(_), Some(index)) = (final_end, index) else {
            continue;
        };
        let still = new[index]
            .state
            .as_ref()
            .is_some_and(|state| state.terminated.is_some());
        if !still {
            errors.forbidden(
                &path.index(index).field("state"),
                "may not be transitioned to non-terminated state",
            );
        }
    }
}
