//! Which parts of a pod may change once it exists: very few.

use gantry_api::field_error::FieldErrors;
use gantry_api::views::Meta;
use gantry_base::FieldPath;
use k8s_openapi::api::core::v1::{Affinity, Container, NodeSelectorTerm, Pod, PodSpec, Toleration};

use super::MIRROR;
use crate::parts::changes;

const MAY_CHANGE: &str = "pod updates may not change fields other than `spec.containers[*].image`,\
                          `spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,\
                          `spec.tolerations` (only additions to existing tolerations),\
                          `spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was \
                          previously negative)";

const ONLY_ADDITIONS: &str = "only additions are allowed (no mutations or deletions)";

/// Checks the mark of pods that a node runs by itself: it is there from the beginning or never.
pub(super) fn annotations(pod: &Pod, old: Option<&Pod>, errors: &mut FieldErrors) {
    let path = FieldPath::new("metadata").field("annotations").key(MIRROR);
    let own = pod.annotations().get(MIRROR);
    let Some(old) = old else {
        let spec = pod.spec.as_ref();
        let is_placed = spec.is_some_and(|spec| spec.node_name.is_some());
        if let Some(mark) = own.filter(|_| !is_placed) {
            let detail = "must set spec.nodeName if mirror pod annotation is set";
            errors.invalid(&path, mark, detail);
        }
        return;
    };
    match (own, old.annotations().get(MIRROR)) {
        (own, old) if own == old => {}
        (_, Some(_)) => errors.forbidden(&path, "may not remove or update mirror pod annotation"),
        (_, None) => errors.forbidden(&path, "may not add mirror pod annotation"),
    }
}

/// Checks a new specification, which is right by itself, against the old one.
pub(super) fn validate(new: &PodSpec, old: &PodSpec, path: &FieldPath, errors: &mut FieldErrors) {
    if !same_containers(new, old, path, errors) {
        return;
    }
    deadline(new, old, &path.field("activeDeadlineSeconds"), errors);
    added_tolerations(new, old, &path.field("tolerations"), errors);
    gates(new, old, &path.field("schedulingGates"), errors);
    if is_gated(old) {
        // Nobody has looked for a node yet, so where the pod may go may still be narrowed.
        node_selector(new, old, &path.field("nodeSelector"), errors);
        let path = path.field("affinity").field("nodeAffinity");
        node_affinity(new, old, &path, errors);
    }
    let rest = with_what_may_change(new, old);
    if rest != *old {
        let changed = changes::list(&rest, old, path);
        errors.forbidden(path, format!("{MAY_CHANGE}\nchanged: {changed}"));
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
    let other = counts.into_iter().find(|(_, new, old)| new != old);
    if let Some((field, _, _)) = other {
        let detail = "pod updates may not add or remove containers";
        errors.forbidden(&path.field(field), detail);
    }
    other.is_none()
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
    new.scheduling_gates.clone_from(&old.scheduling_gates);
    if is_gated(old) {
        new.node_selector.clone_from(&old.node_selector);
        restore_node_affinity(&mut new.affinity, old.affinity.as_ref());
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

fn restore_node_affinity(new: &mut Option<Affinity>, old: Option<&Affinity>) {
    let own = new.get_or_insert_default();
    own.node_affinity = old.and_then(|old| old.node_affinity.clone());
    if old.is_none() && *own == Affinity::default() {
        *new = None;
    }
}

fn is_gated(spec: &PodSpec) -> bool {
    spec.scheduling_gates
        .as_ref()
        .is_some_and(|gates| !gates.is_empty())
}

/// Labels of nodes may be added to those that are asked for.
fn node_selector(new: &PodSpec, old: &PodSpec, path: &FieldPath, errors: &mut FieldErrors) {
    let own = new.node_selector.as_ref();
    let is_kept = |(key, value): (&String, &String)| {
        let found = own.and_then(|labels| labels.get(key));
        found == Some(value)
    };
    if !old.node_selector.iter().flatten().all(is_kept) {
        let detail = "only additions to spec.nodeSelector are allowed (no mutations or deletions)";
        errors.invalid(path, own, detail);
    }
}

/// Each of the terms that a node has to fulfil may get further conditions; where there were none,
/// they may be anything.
fn node_affinity(new: &PodSpec, old: &PodSpec, path: &FieldPath, errors: &mut FieldErrors) {
    let (new, old) = (terms(new), terms(old));
    let path = path.field("requiredDuringSchedulingIgnoredDuringExecution");
    let path = path.field("nodeSelectorTerms");
    if old.is_empty() {
        return;
    }
    if new.len() != old.len() {
        let detail = "no additions/deletions to non-empty NodeSelectorTerms list are allowed";
        errors.invalid(&path, new, detail);
        return;
    }
    for (index, (new, old)) in new.iter().zip(old).enumerate() {
        if !only_adds(new, old) {
            errors.invalid(&path.index(index), new, ONLY_ADDITIONS);
        }
    }
}

fn terms(spec: &PodSpec) -> &[NodeSelectorTerm] {
    let affinity = spec.affinity.as_ref();
    let nodes = affinity.and_then(|affinity| affinity.node_affinity.as_ref());
    let required = nodes.and_then(|nodes| {
        nodes
            .required_during_scheduling_ignored_during_execution
            .as_ref()
    });
    required.map_or(&[][..], |required| required.node_selector_terms.as_slice())
}

/// Whether all conditions of the old term are those that the new one begins with. A term without
/// conditions fits no node, and stays so.
fn only_adds(new: &NodeSelectorTerm, old: &NodeSelectorTerm) -> bool {
    let lists = |term: &NodeSelectorTerm| {
        [&term.match_expressions, &term.match_fields].map(|list| list.clone().unwrap_or_default())
    };
    let (new, old) = (lists(new), lists(old));
    if old.iter().all(Vec::is_empty) {
        return new == old;
    }
    new.iter().zip(&old).all(|(new, old)| new.starts_with(old))
}

fn deadline(new: &PodSpec, old: &PodSpec, path: &FieldPath, errors: &mut FieldErrors) {
    match (new.active_deadline_seconds, old.active_deadline_seconds) {
        (Some(new), Some(old)) if new > old => {
            errors.invalid(path, new, "must be less than or equal to previous value");
        }
        (None, Some(_)) => {
            errors.invalid(
                path,
                (),
                "must not update from a positive integer to nil value",
            );
        }
        (Some(_), _) | (None, None) => {}
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
    for (index, gate) in new.scheduling_gates.iter().flatten().enumerate() {
        if !known.contains(gate) {
            let name = &gate.name;
            let detail =
                format!("only deletion is allowed, but found new scheduling gate '{name}'");
            errors.forbidden(&path.index(index), detail);
        }
    }
}
