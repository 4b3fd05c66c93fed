//! `Pod`: containers that live and die together on one node.

mod addresses;
mod columns;
mod cost;
mod ephemeral;
mod resize;
mod status;
mod status_text;
#[cfg(test)]
mod tests;
mod update;

use gantry_api::Object;
use gantry_api::field_error::FieldErrors;
use gantry_api::table::RowCondition;
use gantry_api::views::Meta;
use gantry_base::{FieldPath, Timestamp, name};
use k8s_openapi::api::core::v1::{Pod, PodCondition, PodSpec, PodStatus};
use serde_json::Value;

use crate::column::Column;
use crate::cost::Cost;
use crate::descriptor::SelectableField;
use crate::kind::Kind;
use crate::parts::{meta, pod_default, pod_spec, qos};
use crate::rules::Rules;
use crate::subresource::Subresource;

/// The annotation of a pod that only mirrors one that its node runs by itself.
const MIRROR: &str = "kubernetes.io/config.mirror";
const NAME_IN_HOSTNAME: &str = "metadata.name: this is used in the Pod's hostname, which can \
                                result in surprising behavior; a DNS label is recommended";

/// Containers that live and die together on one node.
#[derive(Debug)]
pub struct Pods;

impl Kind for Pods {
    type Object = Pod;

    const SHORT: &'static [&'static str] = &["po"];
    const CATEGORIES: &'static [&'static str] = &["all"];
    const SUBRESOURCES: &'static [Subresource] = &[
        Subresource::Attach,
        Subresource::Binding,
        Subresource::EphemeralContainers,
        Subresource::Eviction,
        Subresource::Exec,
        Subresource::Log,
        Subresource::PortForward,
        Subresource::Proxy,
        Subresource::Resize,
        Subresource::Status,
    ];
    const COLUMNS: &'static [Column<Pod>] = columns::COLUMNS;
    const RULES: Rules = Rules::new().with_status().counting(&[&["spec"]]);
    const FIELDS: &'static [SelectableField] = FIELDS;

    fn default(pod: &mut Pod) {
        if let Some(spec) = &mut pod.spec {
            pod_default::default(spec);
            pod_default::default_in_pod(spec);
        }
        if let Some(status) = &mut pod.status {
            addresses::agree(status);
        }
    }

    fn prepare(pod: &mut Pod, old: Option<&Pod>) {
        if old.is_none() {
            pod.status = Some(first_status(pod));
        }
    }

    fn prepare_status(pod: &mut Object, old: &Object) {
        // The class follows from the specification; who leaves it out means no other.
        if pod.text(&["status", "qosClass"]).is_empty()
            && let Some(class) = old.at(&["status", "qosClass"])
        {
            pod.set(&["status", "qosClass"], class.clone());
        }
        meta::keep(pod, old, "ownerReferences");
    }

    fn validate(pod: &Pod, old: Option<&Pod>, errors: &mut FieldErrors) {
        let path = FieldPath::new("spec");
        let Some(spec) = &pod.spec else {
            errors.required(&path.field("containers"), "");
            return;
        };
        update::annotations(pod, old, errors);
        pod_spec::validate(spec, &path, errors);
        match old.and_then(|old| old.spec.as_ref()) {
            Some(old) => update::validate(spec, old, &path, errors),
            None => create(spec, &path, errors),
        }
    }

    fn validate_status(pod: &Pod, old: &Pod, errors: &mut FieldErrors) {
        status::validate(pod, old, errors);
    }

    fn prepare_part(part: Subresource, pod: &mut Pod, old: &Pod) {
        if part == Subresource::Resize {
            resize::prepare(pod, old);
        } else {
            ephemeral::prepare(pod, old);
        }
    }

    fn validate_part(part: Subresource, pod: &Pod, old: &Pod, errors: &mut FieldErrors) {
        if part == Subresource::Resize {
            resize::validate(pod, old, errors);
        } else {
            ephemeral::validate(pod, old, errors);
        }
    }

    fn warnings(pod: &Pod, old: Option<&Pod>) -> Vec<String> {
        let wrong = name::dns_label(pod.name());
        let is_told = old.is_none() && !wrong.is_empty();
        let name = is_told.then(|| format!("{NAME_IN_HOSTNAME}: [{}]", wrong.join(" ")));
        let spec = pod.spec.as_ref();
        let spec = spec.map(|spec| pod_spec::warnings(spec, &"spec".into()));
        name.into_iter().chain(spec.unwrap_or_default()).collect()
    }

    fn takes(resource: &str) -> bool {
        cost::takes(resource)
    }

    fn cost(pod: &Pod, now: Timestamp) -> Cost {
        cost::of(pod, now)
    }

    fn row_conditions(pod: &Pod) -> Vec<RowCondition> {
        let phase = pod
            .status
            .as_ref()
            .and_then(|status| status.phase.as_deref());
        let message = match phase {
            Some("Succeeded") => "The pod has completed successfully.",
            Some("Failed") => "The pod failed.",
            _ => return Vec::new(),
        };
        vec![RowCondition {
            condition: "Completed".to_owned(),
            status: "True".to_owned(),
            reason: phase.unwrap_or_default().to_owned(),
            message: message.to_owned(),
        }]
    }
}

/// The old pod; only what its writer read it at, and who manages what, is of the new one.
fn take_back(pod: &mut Pod, old: &Pod) {
    let written = std::mem::take(&mut pod.metadata);
    *pod = old.clone();
    pod.metadata.resource_version = written.resource_version;
    pod.metadata.managed_fields = written.managed_fields;
}

fn create(spec: &PodSpec, path: &FieldPath, errors: &mut FieldErrors) {
    if spec
        .ephemeral_containers
        .as_ref()
        .is_some_and(|list| !list.is_empty())
    {
        let detail = "cannot be set on create";
        errors.forbidden(&path.field("ephemeralContainers"), detail);
    }
    let gated = spec
        .scheduling_gates
        .as_ref()
        .is_some_and(|gates| !gates.is_empty());
    if gated && spec.node_name.is_some() {
        let detail = "cannot be set until all schedulingGates have been cleared";
        errors.forbidden(&path.field("nodeName"), detail);
    }
}

/// A new pod waits for a node, or for its gates to open.
fn first_status(pod: &Pod) -> PodStatus {
    let spec = pod.spec.as_ref();
    let gated = spec.is_some_and(|spec| {
        spec.scheduling_gates
            .as_ref()
            .is_some_and(|gates| !gates.is_empty())
    });
    let condition = PodCondition {
        type_: "PodScheduled".to_owned(),
        status: "False".to_owned(),
        reason: Some("SchedulingGated".to_owned()),
        message: Some("Scheduling is blocked due to non-empty scheduling gates".to_owned()),
        ..PodCondition::default()
    };
    PodStatus {
        phase: Some("Pending".to_owned()),
        qos_class: spec.map(|spec| qos::class(spec).to_owned()),
        conditions: gated.then(|| vec![condition]),
        ..PodStatus::default()
    }
}

const FIELDS: &[SelectableField] = &[
    field("spec.nodeName", |pod| text(pod, &["spec", "nodeName"])),
    field("spec.restartPolicy", |pod| {
        text(pod, &["spec", "restartPolicy"])
    }),
    field("spec.schedulerName", |pod| {
        text(pod, &["spec", "schedulerName"])
    }),
    field("spec.serviceAccountName", |pod| {
        text(pod, &["spec", "serviceAccountName"])
    }),
    field("spec.hostNetwork", |pod| {
        (pod.at(&["spec", "hostNetwork"]) == Some(&Value::Bool(true))).to_string()
    }),
    field("status.phase", |pod| text(pod, &["status", "phase"])),
    field("status.podIP", |pod| text(pod, &["status", "podIP"])),
    field("status.nominatedNodeName", |pod| {
        text(pod, &["status", "nominatedNodeName"])
    }),
];

const fn field(label: &'static str, read: fn(&Object) -> String) -> SelectableField {
    SelectableField { label, read }
}

fn text(object: &Object, path: &[&str]) -> String {
    object.text(path).to_owned()
}
