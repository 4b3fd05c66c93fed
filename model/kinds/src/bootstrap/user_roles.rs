//! `admin`, `edit` and `view`: the roles that people are given. Each holds the next.
//!
//! Their rules are filled in here, in the order in which they are gathered, so that they hold before
//! anybody does.

use gantry_api::Object;
use k8s_openapi::api::rbac::v1::PolicyRule;

use super::grant::{Grant, READ, READ_WRITE, WRITE, on};
use super::role::{aggregate, aggregated};

/// The three roles and the parts they are made of.
pub(super) fn objects() -> Vec<Object> {
    let [admin, edit, view] = [rules(ADMIN), rules(EDIT), rules(VIEW)];
    let edits = [edit.as_slice(), &view].concat();
    let administers = [edits.as_slice(), &admin].concat();
    vec![
        aggregate("admin", administers, None),
        aggregate("edit", edits, Some("admin")),
        aggregate("view", view.clone(), Some("edit")),
        aggregated("system:aggregate-to-admin", admin, "admin"),
        aggregated("system:aggregate-to-edit", edit, "edit"),
        aggregated("system:aggregate-to-view", view, "view"),
    ]
}

fn rules(grants: &[Grant]) -> Vec<PolicyRule> {
    grants.iter().map(|grant| grant.rule()).collect()
}

const ADMIN: &[Grant] = &[
    on(
        "authorization.k8s.io",
        "localsubjectaccessreviews",
        "create",
    ),
    on(
        "rbac.authorization.k8s.io",
        "rolebindings,roles",
        READ_WRITE,
    ),
];

const EDIT: &[Grant] = &[
    on(
        "",
        "pods/attach,pods/exec,pods/portforward,pods/proxy,secrets,services/proxy",
        READ,
    ),
    on("", "serviceaccounts", "impersonate"),
    on(
        "",
        "pods,pods/attach,pods/exec,pods/portforward,pods/proxy",
        WRITE,
    ),
    on("", "pods/eviction", "create"),
    on(
        "",
        "configmaps,events,persistentvolumeclaims,replicationcontrollers,\
         replicationcontrollers/scale,secrets,serviceaccounts,services,services/proxy",
        WRITE,
    ),
    on("", "serviceaccounts/token", "create"),
    on(
        "apps",
        "daemonsets,deployments,deployments/rollback,deployments/scale,replicasets,\
         replicasets/scale,statefulsets,statefulsets/scale",
        WRITE,
    ),
    on("autoscaling", "horizontalpodautoscalers", WRITE),
    on("batch", "cronjobs,jobs", WRITE),
    on("networking.k8s.io", "ingresses,networkpolicies", WRITE),
    on("policy", "poddisruptionbudgets", WRITE),
    on("coordination.k8s.io", "leases", READ_WRITE),
    on(
        "resource.k8s.io",
        "resourceclaims,resourceclaimtemplates",
        WRITE,
    ),
];

const VIEW: &[Grant] = &[
    on(
        "",
        "configmaps,endpoints,persistentvolumeclaims,persistentvolumeclaims/status,pods,\
         replicationcontrollers,replicationcontrollers/scale,serviceaccounts,services,\
         services/status",
        READ,
    ),
    on(
        "",
        "bindings,events,limitranges,namespaces/status,pods/log,pods/status,\
         replicationcontrollers/status,resourcequotas,resourcequotas/status",
        READ,
    ),
    on("", "namespaces", READ),
    on("discovery.k8s.io", "endpointslices", READ),
    on(
        "apps",
        "controllerrevisions,daemonsets,daemonsets/status,deployments,deployments/scale,\
         deployments/status,replicasets,replicasets/scale,replicasets/status,statefulsets,\
         statefulsets/scale,statefulsets/status",
        READ,
    ),
    on(
        "autoscaling",
        "horizontalpodautoscalers,horizontalpodautoscalers/status",
        READ,
    ),
    on("batch", "cronjobs,cronjobs/status,jobs,jobs/status", READ),
    on(
        "networking.k8s.io",
        "ingresses,ingresses/status,networkpolicies",
        READ,
    ),
    on(
        "policy",
        "poddisruptionbudgets,poddisruptionbudgets/status",
        READ,
    ),
    on("events.k8s.io", "events", READ),
    on(
        "resource.k8s.io",
        "resourceclaims,resourceclaims/status,resourceclaimtemplates",
        READ,
    ),
];
