//! `Node`: a machine that runs pods.

mod columns;
#[cfg(test)]
mod tests;

use gantry_api::Object;
use gantry_api::field_error::FieldErrors;
use gantry_base::FieldPath;
use k8s_openapi::api::core::v1::{Node, NodeSpec, NodeStatus};
use serde_json::Value;

use crate::column::Column;
use crate::descriptor::SelectableField;
use crate::kind::Kind;
use crate::parts::{check, resources, tolerations};
use crate::rules::{Rules, StatusRule};
use crate::subresource::Subresource;

/// A machine that runs pods.
#[derive(Debug)]
pub struct Nodes;

impl Kind for Nodes {
    type Object = Node;

    const SHORT: &'static [&'static str] = &["no"];
    const SUBRESOURCES: &'static [Subresource] = &[Subresource::Proxy, Subresource::Status];
    const COLUMNS: &'static [Column<Node>] = columns::COLUMNS;
    const RULES: Rules = Rules {
        status: StatusRule::TakenOnCreate,
        ..Rules::new()
    };
    const FIELDS: &'static [SelectableField] = &[SelectableField {
        label: "spec.unschedulable",
        read: |node: &Object| {
            (node.at(&["spec", "unschedulable"]) == Some(&Value::Bool(true))).to_string()
        },
    }];

    fn default(node: &mut Node) {
        let spec = node.spec.get_or_insert_default();
        spec.unschedulable = spec.unschedulable.filter(|unschedulable| *unschedulable);
        let status = node.status.get_or_insert_default();
        if status
            .allocatable
            .as_ref()
            .is_none_or(|amounts| amounts.is_empty())
        {
            status.allocatable.clone_from(&status.capacity);
        }
        resources::canonical_amounts(&mut status.capacity);
        resources::canonical_amounts(&mut status.allocatable);
    }

    fn validate(node: &Node, old: Option<&Node>, errors: &mut FieldErrors) {
        let path = FieldPath::new("spec");
        let none = NodeSpec::default();
        let spec = node.spec.as_ref().unwrap_or(&none);
        let taints = spec.taints.as_deref().unwrap_or(&[]);
        tolerations::validate_taints(taints, &path.field("taints"), errors);
        for (index, range) in spec.pod_cidrs.iter().flatten().enumerate() {
            check::cidr(range, &path.field("podCIDRs").index(index), errors);
        }
        if let Some(status) = &node.status {
            amounts(status, errors);
        }
        if let Some(old) = old.and_then(|old| old.spec.as_ref()) {
            assigned_once(spec, old, &path, errors);
        }
    }

    fn validate_status(node: &Node, _old: &Node, errors: &mut FieldErrors) {
        if let Some(status) = &node.status {
            amounts(status, errors);
            addresses(status, errors);
        }
    }
}

fn amounts(status: &NodeStatus, errors: &mut FieldErrors) {
    let path = FieldPath::new("status");
    for (field, amounts) in [
        ("capacity", &status.capacity),
        ("allocatable", &status.allocatable),
    ] {
        for (resource, amount) in amounts.iter().flatten() {
            resources::value(resource, amount, &path.field(field).key(resource), errors);
        }
    }
}

fn addresses(status: &NodeStatus, errors: &mut FieldErrors) {
    let path = FieldPath::new("status").field("addresses");
    let addresses = status.addresses.as_deref().unwrap_or(&[]);
    for (index, address) in addresses.iter().enumerate() {
        if addresses[..index].contains(address) {
            errors.duplicate(&path.index(index), address);
        }
    }
}

/// Ranges and the provider's name are given once and then stay.
fn assigned_once(new: &NodeSpec, old: &NodeSpec, path: &FieldPath, errors: &mut FieldErrors) {
    if old.pod_cidrs.is_some() && new.pod_cidrs != old.pod_cidrs {
        errors.forbidden(
            &path.field("podCIDRs"),
            "node updates may not change podCIDR except from \"\" to valid",
        );
    }
    if old.provider_id.is_some() && new.provider_id != old.provider_id {
        errors.forbidden(
            &path.field("providerID"),
            "node updates may not change providerID except from \"\" to valid",
        );
    }
}
