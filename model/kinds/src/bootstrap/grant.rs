//! What a role allows, in a notation short enough for tables.

use k8s_openapi::api::rbac::v1::PolicyRule;

/// Looking.
pub(super) const READ: &str = "get,list,watch";
/// Changing.
pub(super) const WRITE: &str = "create,delete,deletecollection,patch,update";
/// Looking and changing.
pub(super) const READ_WRITE: &str = "create,delete,deletecollection,get,list,patch,update,watch";

/// One rule of a role; lists are written with commas.
#[derive(Clone, Copy, Debug)]
pub(super) enum Grant {
    /// Verbs on resources of groups.
    On {
        groups: &'static str,
        resources: &'static str,
        verbs: &'static str,
    },
    /// Verbs on the named objects of one resource.
    Named {
        groups: &'static str,
        resources: &'static str,
        names: &'static str,
        verbs: &'static str,
    },
    /// Verbs on paths that are no resources.
    Paths {
        paths: &'static str,
        verbs: &'static str,
    },
}

/// Allows `verbs` on `resources` of `groups`.
pub(super) const fn on(
    groups: &'static str,
    resources: &'static str,
    verbs: &'static str,
) -> Grant {
    Grant::On {
        groups,
        resources,
        verbs,
    }
}

/// Reporting events, in both groups.
pub(super) const EVENTS: Grant = on(",events.k8s.io", "events", "create,patch,update");
/// Asking who somebody is.
pub(super) const ASK_WHO: Grant = on("authentication.k8s.io", "tokenreviews", "create");
/// Asking what somebody may do.
pub(super) const ASK_WHETHER: Grant = on("authorization.k8s.io", "subjectaccessreviews", "create");

impl Grant {
    /// The rule as roles carry it.
    pub(super) fn rule(self) -> PolicyRule {
        match self {
            Self::On {
                groups,
                resources,
                verbs,
            } => PolicyRule {
                api_groups: list(groups),
                resources: list(resources),
                verbs: words(verbs),
                ..PolicyRule::default()
            },
            Self::Named {
                groups,
                resources,
                names,
                verbs,
            } => PolicyRule {
                api_groups: list(groups),
                resources: list(resources),
                resource_names: list(names),
                verbs: words(verbs),
                ..PolicyRule::default()
            },
            Self::Paths { paths, verbs } => PolicyRule {
                non_resource_urls: list(paths),
                verbs: words(verbs),
                ..PolicyRule::default()
            },
        }
    }
}

fn list(text: &str) -> Option<Vec<String>> {
    Some(words(text))
}

fn words(text: &str) -> Vec<String> {
    text.split(',').map(str::to_owned).collect()
}
