//! Roles and bindings of the system, made from tables.

use std::collections::BTreeMap;

use gantry_api::Object;
use k8s_openapi::api::rbac::v1::{
    AggregationRule, ClusterRole, ClusterRoleBinding, PolicyRule, Role, RoleBinding, RoleRef,
    Subject,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, ObjectMeta};

use super::grant::Grant;
use super::{finished, named};
use crate::rbac::{ClusterRoleBindings, ClusterRoles, RoleBindings, Roles};

const GROUP: &str = "rbac.authorization.k8s.io";

/// Somebody who has a role.
#[derive(Clone, Copy, Debug)]
pub(super) enum Holder {
    /// Everybody in a group.
    Group(&'static str),
    /// One user.
    User(&'static str),
    /// A service account of the system's namespace.
    Account(&'static str),
}

impl Holder {
    fn subject(self) -> Subject {
        let (kind, name) = match self {
            Self::Group(name) => ("Group", name),
            Self::User(name) => ("User", name),
            Self::Account(name) => ("ServiceAccount", name),
        };
        let namespace = matches!(self, Self::Account(_)).then(|| "kube-system".to_owned());
        Subject {
            kind: kind.to_owned(),
            name: name.to_owned(),
            namespace,
            api_group: None,
        }
    }
}

/// A cluster role with these rules.
pub(super) fn cluster_role(name: &str, grants: &[Grant]) -> Object {
    let rules = grants.iter().map(|grant| grant.rule()).collect();
    finished::<ClusterRoles>(ClusterRole {
        metadata: marked(named(name)),
        rules: Some(rules),
        aggregation_rule: None,
    })
}

/// A cluster role that others with the label `aggregate-to-<part>` are added to, and that is itself
/// added to the role whose label is `within`.
pub(super) fn aggregate(name: &str, rules: Vec<PolicyRule>, within: Option<&str>) -> Object {
    let selector = LabelSelector {
        match_labels: Some(BTreeMap::from([aggregate_label(name)])),
        match_expressions: None,
    };
    let mut metadata = marked(named(name));
    metadata
        .labels
        .get_or_insert_default()
        .extend(within.map(aggregate_label));
    finished::<ClusterRoles>(ClusterRole {
        metadata,
        rules: Some(rules),
        aggregation_rule: Some(AggregationRule {
            cluster_role_selectors: Some(vec![selector]),
        }),
    })
}

/// A cluster role that is added to the role `to`.
pub(super) fn aggregated(name: &str, rules: Vec<PolicyRule>, to: &str) -> Object {
    let mut metadata = marked(named(name));
    metadata
        .labels
        .get_or_insert_default()
        .extend([aggregate_label(to)]);
    finished::<ClusterRoles>(ClusterRole {
        metadata,
        rules: Some(rules),
        aggregation_rule: None,
    })
}

fn aggregate_label(role: &str) -> (String, String) {
    (format!("{GROUP}/aggregate-to-{role}"), "true".to_owned())
}

/// Gives the cluster role `name` to the holders, under the same name.
pub(super) fn bind_everywhere(name: &str, holders: &[Holder]) -> Object {
    finished::<ClusterRoleBindings>(ClusterRoleBinding {
        metadata: marked(named(name)),
        role_ref: role_ref("ClusterRole", name),
        subjects: Some(holders.iter().map(|holder| holder.subject()).collect()),
    })
}

/// A role within the namespace.
pub(super) fn local_role(namespace: &str, name: &str, grants: &[Grant]) -> Object {
    finished::<Roles>(Role {
        metadata: within(namespace, name),
        rules: Some(grants.iter().map(|grant| grant.rule()).collect()),
    })
}

/// Gives the role `role` of the namespace to the holders.
pub(super) fn bind_within(namespace: &str, name: &str, role: &str, holders: &[Holder]) -> Object {
    finished::<RoleBindings>(RoleBinding {
        metadata: within(namespace, name),
        role_ref: role_ref("Role", role),
        subjects: Some(holders.iter().map(|holder| holder.subject()).collect()),
    })
}

fn role_ref(kind: &str, name: &str) -> RoleRef {
    RoleRef {
        api_group: GROUP.to_owned(),
        kind: kind.to_owned(),
        name: name.to_owned(),
    }
}

fn within(namespace: &str, name: &str) -> ObjectMeta {
    ObjectMeta {
        namespace: Some(namespace.to_owned()),
        ..marked(named(name))
    }
}

/// Marks what belongs to the system and is put back when it was changed.
fn marked(metadata: ObjectMeta) -> ObjectMeta {
    let pair = |key: &str, value: &str| BTreeMap::from([(key.to_owned(), value.to_owned())]);
    ObjectMeta {
        labels: Some(pair("kubernetes.io/bootstrapping", "rbac-defaults")),
        annotations: Some(pair("rbac.authorization.kubernetes.io/autoupdate", "true")),
        ..metadata
    }
}
