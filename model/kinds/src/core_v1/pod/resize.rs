//! `/resize`: processors and memory of containers, changed while they run.

use gantry_api::field_error::FieldErrors;
use gantry_api::views::Meta;
use gantry_base::FieldPath;
use k8s_openapi::api::core::v1::{Container, Pod, PodSpec, ResourceRequirements};

use super::MIRROR;
use crate::parts::resources::Amounts;
use crate::parts::{changes, container_default, pod_spec, qos};

const MAY_CHANGE: [&str; 2] = ["cpu", "memory"];

/// The old pod with the resources of the containers of the new one.
pub(super) fn prepare(pod: &mut Pod, old: &Pod) {
    let asked = pod.spec.take().unwrap_or_default();
    super::take_back(pod, old);
    let Some(spec) = &mut pod.spec else { return };
    take_over(&asked.containers, &mut spec.containers);
    let init = asked.init_containers.as_deref().unwrap_or(&[]);
    take_over(init, spec.init_containers.as_deref_mut().unwrap_or(&mut []));
    container_default::default_in_pod(spec);
}

fn take_over(from: &[Container], into: &mut [Container]) {
    for to in into {
        if let Some(from) = from.iter().find(|from| from.name == to.name) {
            to.resources.clone_from(&from.resources);
            to.resize_policy.clone_from(&from.resize_policy);
        }
    }
}

/// Checks that nothing but processors and memory differs, and that the pod stays of its class.
pub(super) fn validate(pod: &Pod, old: &Pod, errors: &mut FieldErrors) {
    if old.annotations().contains_key(MIRROR) {
        errors.forbidden(&FieldPath::root(), "static pods cannot be resized");
        return;
    }
    let path = FieldPath::new("spec");
    let (Some(new), Some(before)) = (&pod.spec, &old.spec) else {
        return;
    };
    if before.os.as_ref().is_some_and(|os| os.name == "windows") {
        errors.forbidden(&FieldPath::root(), "windows pods cannot be resized");
        return;
    }
    pod_spec::validate(new, &path, errors);
    let class = qos::class(new);
    if class != qos::class(before) {
        let detail = "Pod QOS Class may not change as a result of resizing";
        errors.invalid(&path, class, detail);
    }
    if !can_be_resized(old) {
        errors.forbidden(&path, "Pod running on node without support for resize");
    }
    let init = |spec: &PodSpec| spec.init_containers.clone().unwrap_or_default();
    for (field, new, old) in [
        (
            "containers",
            new.containers.clone(),
            before.containers.clone(),
        ),
        ("initContainers", init(new), init(before)),
    ] {
        for (index, (new, old)) in new.iter().zip(&old).enumerate() {
            let path = path.field(field).index(index).field("resources");
            nothing_removed(new, old, &path, errors);
        }
    }
    let rest = with_what_may_change(new, before);
    if rest != *before {
        let changed = changes::list(&rest, before, &path);
        let detail = format!("only cpu and memory resources are mutable\n{changed}");
        errors.forbidden(&path, detail);
    }
}

/// Whether the node that runs the pod tells how much its containers have.
fn can_be_resized(pod: &Pod) -> bool {
    let status = pod.status.as_ref();
    let containers = status.and_then(|status| status.container_statuses.as_deref());
    let running = containers.unwrap_or(&[]).iter().filter(|container| {
        let state = container.state.as_ref();
        state.is_some_and(|state| state.running.is_some())
    });
    running
        .map(|container| &container.resources)
        .all(Option::is_some)
}

fn nothing_removed(new: &Container, old: &Container, path: &FieldPath, errors: &mut FieldErrors) {
    type Part = fn(&ResourceRequirements) -> Option<&Amounts>;
    let parts: [(&str, Part, &str); 2] = [
        (
            "requests",
            |resources| resources.requests.as_ref(),
            "resource requests cannot be removed",
        ),
        (
            "limits",
            |resources| resources.limits.as_ref(),
            "resource limits cannot be removed",
        ),
    ];
    for (field, part, detail) in parts {
        let [now, before] = [new, old].map(|container| container.resources.as_ref().and_then(part));
        let is_there = |resource: &&String| now.is_some_and(|now| now.contains_key(*resource));
        let mut known = before.into_iter().flat_map(Amounts::keys);
        if !known.all(|resource| is_there(&resource)) {
            errors.forbidden(&path.field(field), detail);
        }
    }
}

/// The new specification, with everything that may change put back: what differs then, may not.
fn with_what_may_change(new: &PodSpec, old: &PodSpec) -> PodSpec {
    let mut new = new.clone();
    for (new, old) in new.containers.iter_mut().zip(&old.containers) {
        put_back(new, old);
    }
    let old_init = old.init_containers.as_deref().unwrap_or(&[]);
    let new_init = new.init_containers.as_deref_mut().unwrap_or(&mut []);
    for (new, old) in new_init.iter_mut().zip(old_init) {
        // An init container that ends has no time to be resized.
        if old.restart_policy.as_deref() == Some("Always") {
            put_back(new, old);
        }
    }
    new
}

fn put_back(new: &mut Container, old: &Container) {
    new.resize_policy.clone_from(&old.resize_policy);
    let none = ResourceRequirements::default();
    let before = old.resources.as_ref().unwrap_or(&none);
    let resources = new.resources.get_or_insert_default();
    amounts(&mut resources.requests, before.requests.as_ref());
    amounts(&mut resources.limits, before.limits.as_ref());
}

fn amounts(new: &mut Option<Amounts>, old: Option<&Amounts>) {
    let now = new.get_or_insert_default();
    for resource in MAY_CHANGE {
        match old.and_then(|old| old.get(resource)) {
            Some(amount) => drop(now.insert(resource.to_owned(), amount.clone())),
            None => drop(now.remove(resource)),
        }
    }
    if now.is_empty() && old.is_none() {
        *new = None;
    }
}
