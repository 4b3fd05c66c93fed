//! What a pod's status may become.

use gantry_api::field_error::FieldErrors;
use gantry_base::FieldPath;
use gantry_base::name::dns_subdomain;
use k8s_openapi::api::core::v1::{ContainerStatus, Pod, PodSpec, PodStatus};

use super::addresses;

/// Checks a status: what ended for good stays ended, and addresses are as they should be.
pub(super) fn validate(pod: &Pod, old: &Pod, errors: &mut FieldErrors) {
    let path = FieldPath::new("status");
    let none = PodStatus::default();
    let (new, previous) = (
        pod.status.as_ref().unwrap_or(&none),
        old.status.as_ref().unwrap_or(&none),
    );
    if let Some(node) = &new.nominated_node_name
        && new.nominated_node_name != previous.nominated_node_name
        && !node.is_empty()
    {
        errors.named(&path.field("nominatedNodeName"), node, dns_subdomain);
    }
    let (class, before) = (&new.qos_class, &previous.qos_class);
    errors.require_same(&path.field("qosClass"), class, before);
    let spec = old.spec.as_ref();
    for part in [Statuses::Main, Statuses::Debugging] {
        part.ended_stay_ended((new, previous), spec, &path, errors);
    }
    addresses::validate(new, &path, errors);
}

/// The kinds of containers that end for good. Those that run first do so again in a new sandbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Statuses {
    Main,
    Debugging,
}

impl Statuses {
    const fn field(self) -> &'static str {
        match self {
            Self::Main => "containerStatuses",
            Self::Debugging => "ephemeralContainerStatuses",
        }
    }

    fn of(self, status: &PodStatus) -> &[ContainerStatus] {
        let list = match self {
            Self::Main => &status.container_statuses,
            Self::Debugging => &status.ephemeral_container_statuses,
        };
        list.as_deref().unwrap_or(&[])
    }

    /// Whether a container that ended with `code` may run again.
    fn may_run_again(self, code: i32, spec: Option<&PodSpec>) -> bool {
        let policy = spec.and_then(|spec| spec.restart_policy.as_deref());
        match policy.unwrap_or("Always") {
            _ if self == Self::Debugging => false,
            "Always" => true,
            "OnFailure" => code != 0,
            _ => false,
        }
    }

    fn ended_stay_ended(
        self,
        (new, old): (&PodStatus, &PodStatus),
        spec: Option<&PodSpec>,
        path: &FieldPath,
        errors: &mut FieldErrors,
    ) {
        let ended = |status: &ContainerStatus| {
            let end = status.state.as_ref()?.terminated.as_ref()?;
            Some(end.exit_code)
        };
        for (index, old) in self.of(old).iter().enumerate() {
            let name = &old.name;
            let is_final = ended(old).is_some_and(|code| !self.may_run_again(code, spec));
            let mut now = self.of(new).iter().filter(|new| new.name == *name);
            if is_final && now.any(|new| ended(new).is_none()) {
                let at = path.field(self.field()).index(index).field("state");
                errors.forbidden(&at, "may not be transitioned to non-terminated state");
            }
        }
    }
}
