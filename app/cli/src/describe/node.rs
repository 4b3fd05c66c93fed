//! `Node`, with the pods on it and what they ask for.

use gantry_base::Quantity;
use gantry_base::time::{age, since};
use serde_json::Value;

use super::page::{Page, time};
use super::{Chapter, Kin, Subject};
use crate::fields::{at, entries, items, shown, text};

/// The beginning of labels that give a node a role.
const ROLE: &str = "node-role.kubernetes.io/";

pub(super) const CHAPTER: Chapter = Chapter {
    group: "",
    kind: "Node",
    kin: &[Kin::Lease, Kin::PodsOnNode],
    with_events: true,
    write,
};

fn write(page: &mut Page, subject: &Subject<'_>) {
    let node = subject.object;
    page.field(0, "Name", text(node, "metadata.name"));
    page.field(0, "Roles", roles(node));
    page.labels("Labels", node, "metadata.labels");
    page.annotations("Annotations", node, "metadata.annotations");
    page.field(
        0,
        "CreationTimestamp",
        time(text(node, "metadata.creationTimestamp")),
    );
    page.column("Taints", &taints(node));
    page.field(
        0,
        "Unschedulable",
        (node["spec"]["unschedulable"] == true).to_string(),
    );
    lease(page, subject.kin(Kin::Lease));
    conditions(page, node);
    page.line(0, "Addresses:");
    for address in items(node, "status.addresses") {
        page.field(1, text(address, "type"), text(address, "address"));
    }
    for (label, path) in [
        ("Capacity", "status.capacity"),
        ("Allocatable", "status.allocatable"),
    ] {
        page.line(0, format!("{label}:"));
        for (name, amount) in entries(node, path) {
            page.field(1, name, shown(amount));
        }
    }
    system(page, node);
    page.some(0, "PodCIDR", text(node, "spec.podCIDR"));
    let ranges: Vec<String> = items(node, "spec.podCIDRs").iter().map(shown).collect();
    page.some(0, "PodCIDRs", &ranges.join(","));
    page.some(0, "ProviderID", text(node, "spec.providerID"));
    pods(page, subject);
}

fn roles(node: &Value) -> String {
    let labels = entries(node, "metadata.labels").into_iter();
    let roles: Vec<&str> = labels
        .filter_map(|(key, _)| key.strip_prefix(ROLE))
        .collect();
    if roles.is_empty() {
        "<none>".to_owned()
    } else {
        roles.join(",")
    }
}

fn taints(node: &Value) -> Vec<String> {
    let words = items(node, "spec.taints").iter().map(|taint| {
        let (key, value, effect) = (
            text(taint, "key"),
            text(taint, "value"),
            text(taint, "effect"),
        );
        if value.is_empty() {
            format!("{key}:{effect}")
        } else {
            format!("{key}={value}:{effect}")
        }
    });
    words.collect()
}

fn lease(page: &mut Page, leases: &[Value]) {
    page.line(0, "Lease:");
    let lease = leases.first().unwrap_or(&Value::Null);
    let or_unset = |value: &str| {
        if value.is_empty() {
            "<unset>".to_owned()
        } else {
            value.to_owned()
        }
    };
    page.field(
        1,
        "HolderIdentity",
        or_unset(text(lease, "spec.holderIdentity")),
    );
    page.field(1, "AcquireTime", time(text(lease, "spec.acquireTime")));
    page.field(1, "RenewTime", time(text(lease, "spec.renewTime")));
}

fn conditions(page: &mut Page, node: &Value) {
    let row = |condition: &Value| {
        vec![
            format!("{} ", text(condition, "type")),
            format!("{} ", text(condition, "status")),
            format!("{} ", time(text(condition, "lastHeartbeatTime"))),
            format!("{} ", time(text(condition, "lastTransitionTime"))),
            format!("{} ", text(condition, "reason")),
            text(condition, "message").to_owned(),
        ]
    };
    let rows: Vec<Vec<String>> = items(node, "status.conditions").iter().map(row).collect();
    if !rows.is_empty() {
        let heads = [
            "Type",
            "Status",
            "LastHeartbeatTime",
            "LastTransitionTime",
            "Reason",
            "Message",
        ];
        page.table("Conditions", &heads, &rows);
    }
}

fn system(page: &mut Page, node: &Value) {
    page.line(0, "System Info:");
    let fields = [
        ("Machine ID", "machineID"),
        ("System UUID", "systemUUID"),
        ("Boot ID", "bootID"),
        ("Kernel Version", "kernelVersion"),
        ("OS Image", "osImage"),
        ("Operating System", "operatingSystem"),
        ("Architecture", "architecture"),
        ("Container Runtime Version", "containerRuntimeVersion"),
        ("Kubelet Version", "kubeletVersion"),
        ("Kube-Proxy Version", "kubeProxyVersion"),
    ];
    for (label, field) in fields {
        page.field(1, label, text(&node["status"]["nodeInfo"], field));
    }
}

/// A pod's or a node's share of one resource.
fn sum(pods: &[Value], kind: &str, resource: &str) -> Quantity {
    pods.iter().fold(Quantity::ZERO, |total, pod| {
        total + of_pod(pod, kind, resource)
    })
}

/// What a pod asks for: its containers together, or its hungriest init container.
fn of_pod(pod: &Value, kind: &str, resource: &str) -> Quantity {
    let amount = |container: &Value| -> Quantity {
        let written = text(&container["resources"][kind], resource);
        written.parse().unwrap_or(Quantity::ZERO)
    };
    let together = items(pod, "spec.containers").iter().map(amount);
    let together = together.fold(Quantity::ZERO, |total, amount| total + amount);
    let hungriest = items(pod, "spec.initContainers").iter().map(amount).max();
    together.max(hungriest.unwrap_or(Quantity::ZERO))
}

fn share(node: &Value, amount: Quantity, resource: &str) -> String {
    let there = text(at(node, "status.allocatable"), resource).parse::<Quantity>();
    let there = there.map_or(0, Quantity::milli_value);
    let percent = amount
        .milli_value()
        .saturating_mul(100)
        .checked_div(there)
        .unwrap_or(0);
    format!("{amount} ({percent}%)")
}

fn pods(page: &mut Page, subject: &Subject<'_>) {
    let (node, pods) = (subject.object, subject.kin(Kin::PodsOnNode));
    page.field(
        0,
        "Non-terminated Pods",
        format!("({} in total)", pods.len()),
    );
    page.line(
        1,
        "Namespace\tName\t\tCPU Requests\tCPU Limits\tMemory Requests\tMemory Limits\tAge",
    );
    page.line(
        1,
        "---------\t----\t\t------------\t----------\t---------------\t-------------\t---",
    );
    for pod in pods {
        let one = std::slice::from_ref(pod);
        let cell = |kind: &str, resource: &str| share(node, sum(one, kind, resource), resource);
        let created = text(pod, "metadata.creationTimestamp").parse();
        let age = created.map_or_else(
            |_| "<unknown>".to_owned(),
            |created| age(since(subject.now, created)),
        );
        page.line(
            1,
            format!(
                "{}\t{}\t\t{}\t{}\t{}\t{}\t{age}",
                text(pod, "metadata.namespace"),
                text(pod, "metadata.name"),
                cell("requests", "cpu"),
                cell("limits", "cpu"),
                cell("requests", "memory"),
                cell("limits", "memory"),
            ),
        );
    }
    page.line(0, "Allocated resources:");
    page.line(
        1,
        "(Total limits may be over 100 percent, i.e., overcommitted.)",
    );
    page.line(1, "Resource\tRequests\tLimits");
    page.line(1, "--------\t--------\t------");
    for resource in [
        "cpu",
        "memory",
        "ephemeral-storage",
        "hugepages-1Gi",
        "hugepages-2Mi",
    ] {
        if !resource.starts_with("huge") || !at(node, "status.allocatable")[resource].is_null() {
            let cell = |kind: &str| share(node, sum(pods, kind, resource), resource);
            page.line(
                1,
                format!("{resource}\t{}\t{}", cell("requests"), cell("limits")),
            );
        }
    }
}
