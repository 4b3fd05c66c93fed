//! What `kubectl get nodes` shows.

use gantry_api::views::Meta;
use k8s_openapi::api::core::v1::{Node, NodeSystemInfo};
use serde_json::Value;

use crate::column::Column;
use crate::parts::cell;

const ROLE_PREFIX: &str = "node-role.kubernetes.io/";
const ROLE_LABEL: &str = "kubernetes.io/role";

pub(super) const COLUMNS: &[Column<Node>] = &[
    Column::NAME,
    Column::text(
        "Status",
        "Whether it is ready, and whether it takes new pods.",
        |node, _| status(node).into(),
    ),
    Column::text("Roles", "What it is meant for.", |node, _| {
        cell::or_none(&roles(node))
    }),
    Column::AGE,
    Column::text("Version", "The version of its agent.", |node, _| {
        info(node, |info| &info.kubelet_version, "")
    }),
    Column::text(
        "Internal-IP",
        "Its address within the cluster.",
        |node, _| address(node, "InternalIP"),
    )
    .wide(),
    Column::text("External-IP", "Its address from outside.", |node, _| {
        address(node, "ExternalIP")
    })
    .wide(),
    Column::text("OS-Image", "The operating system.", |node, _| {
        info(node, |info| &info.os_image, cell::UNKNOWN)
    })
    .wide(),
    Column::text("Kernel-Version", "The version of its kernel.", |node, _| {
        info(node, |info| &info.kernel_version, cell::UNKNOWN)
    })
    .wide(),
    Column::text(
        "Container-Runtime",
        "What runs its containers.",
        |node, _| info(node, |info| &info.container_runtime_version, cell::UNKNOWN),
    )
    .wide(),
];

fn status(node: &Node) -> String {
    let conditions = node
        .status
        .iter()
        .flat_map(|status| status.conditions.iter().flatten());
    let ready = conditions
        .into_iter()
        .find(|condition| condition.type_ == "Ready");
    let word = match ready {
        Some(condition) if condition.status == "True" => "Ready",
        Some(_) => "NotReady",
        None => "Unknown",
    };
    let closed = node
        .spec
        .as_ref()
        .is_some_and(|spec| spec.unschedulable == Some(true));
    if closed {
        format!("{word},SchedulingDisabled")
    } else {
        word.to_owned()
    }
}

fn roles(node: &Node) -> String {
    let role = |(key, value): (&'_ String, &'_ String)| {
        let role = key.strip_prefix(ROLE_PREFIX).map(str::to_owned);
        role.or_else(|| (key == ROLE_LABEL).then(|| value.clone()))
            .filter(|role| !role.is_empty())
    };
    let mut roles: Vec<String> = node.labels().iter().filter_map(role).collect();
    roles.sort();
    roles.dedup();
    roles.join(",")
}

fn info(node: &Node, field: fn(&NodeSystemInfo) -> &String, otherwise: &str) -> Value {
    let info = node
        .status
        .as_ref()
        .and_then(|status| status.node_info.as_ref());
    let text = info.map_or("", |info| field(info).as_str());
    if text.is_empty() {
        otherwise.into()
    } else {
        text.into()
    }
}

fn address(node: &Node, kind: &str) -> Value {
    let mut addresses = node
        .status
        .iter()
        .flat_map(|status| status.addresses.iter().flatten());
    let found = addresses.find(|address| address.type_ == kind);
    cell::or_none(found.map_or("", |address| &address.address))
}
