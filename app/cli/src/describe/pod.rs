//! `Pod`.

use gantry_base::time::{age, since};
use serde_json::Value;

use super::container::{self, Setting};
use super::page::{Page, time};
use super::template::tolerations;
use super::{Chapter, Subject, controller, volumes};
use crate::fields::{items, number, text};

pub(super) const CHAPTER: Chapter = Chapter {
    group: "",
    kind: "Pod",
    kin: &[],
    with_events: true,
    write,
};

fn write(page: &mut Page, subject: &Subject<'_>) {
    let pod = subject.object;
    place(page, pod);
    page.labels("Labels", pod, "metadata.labels");
    page.annotations("Annotations", pod, "metadata.annotations");
    status(page, subject);
    addresses(page, pod);
    if let Some(owner) = controller(pod) {
        page.field(
            0,
            "Controlled By",
            format!("{}/{}", text(owner, "kind"), text(owner, "name")),
        );
    }
    page.some(
        0,
        "NominatedNodeName",
        text(pod, "status.nominatedNodeName"),
    );
    containers(page, pod);
    gates(page, pod);
    let conditions = items(pod, "status.conditions");
    if !conditions.is_empty() {
        page.line(0, "Conditions:");
        page.line(1, "Type\tStatus");
        for condition in conditions {
            page.line(
                1,
                format!(
                    "{} \t{} ",
                    text(condition, "type"),
                    text(condition, "status")
                ),
            );
        }
    }
    volumes::write(page, items(pod, "spec.volumes"), false);
    page.field(0, "QoS Class", text(pod, "status.qosClass"));
    page.labels("Node-Selectors", pod, "spec.nodeSelector");
    page.column("Tolerations", &tolerations(pod));
}

fn place(page: &mut Page, pod: &Value) {
    page.field(0, "Name", text(pod, "metadata.name"));
    page.field(0, "Namespace", text(pod, "metadata.namespace"));
    if let Some(priority) = pod["spec"]["priority"].as_i64() {
        page.field(0, "Priority", priority.to_string());
        page.some(
            0,
            "Priority Class Name",
            text(pod, "spec.priorityClassName"),
        );
    }
    page.some(0, "Runtime Class Name", text(pod, "spec.runtimeClassName"));
    page.some(0, "Service Account", text(pod, "spec.serviceAccountName"));
    match text(pod, "spec.nodeName") {
        "" => page.field(0, "Node", "<none>"),
        node => page.field(0, "Node", format!("{node}/{}", text(pod, "status.hostIP"))),
    }
    let started = text(pod, "status.startTime");
    if !started.is_empty() {
        page.field(0, "Start Time", time(started));
    }
}

fn status(page: &mut Page, subject: &Subject<'_>) {
    let pod = subject.object;
    match text(pod, "metadata.deletionTimestamp").parse() {
        Ok(deleted) => {
            let lasts = age(since(subject.now, deleted));
            page.field(0, "Status", format!("Terminating (lasts {lasts})"));
            let grace = number(pod, "metadata.deletionGracePeriodSeconds");
            page.field(0, "Termination Grace Period", format!("{grace}s"));
        }
        Err(_) => page.field(0, "Status", text(pod, "status.phase")),
    }
    page.some(0, "Reason", text(pod, "status.reason"));
    page.some(0, "Message", text(pod, "status.message"));
    let profile = text(pod, "spec.securityContext.seccompProfile.type");
    page.some(0, "SeccompProfile", profile);
    if profile == "Localhost" {
        page.field(
            0,
            "LocalhostProfile",
            text(pod, "spec.securityContext.seccompProfile.localhostProfile"),
        );
    }
}

fn addresses(page: &mut Page, pod: &Value) {
    page.field(0, "IP", text(pod, "status.podIP"));
    let addresses = items(pod, "status.podIPs");
    if addresses.is_empty() {
        page.field(0, "IPs", "<none>");
        return;
    }
    page.line(0, "IPs:");
    for address in addresses {
        page.field(1, "IP", text(address, "ip"));
    }
}

fn containers(page: &mut Page, pod: &Value) {
    let groups = [
        (
            "Init Containers",
            "spec.initContainers",
            "status.initContainerStatuses",
        ),
        ("Containers", "spec.containers", "status.containerStatuses"),
        (
            "Ephemeral Containers",
            "spec.ephemeralContainers",
            "status.ephemeralContainerStatuses",
        ),
    ];
    for (label, list, statuses) in groups {
        let containers = items(pod, list);
        if !containers.is_empty() {
            let setting = Setting {
                in_template: false,
                statuses: items(pod, statuses),
                pod: Some(pod),
            };
            container::write(page, label, containers, &setting);
        }
    }
}

fn gates(page: &mut Page, pod: &Value) {
    let gates = items(pod, "spec.readinessGates");
    if gates.is_empty() {
        return;
    }
    page.line(0, "Readiness Gates:");
    page.line(1, "Type\tStatus");
    for gate in gates {
        let wanted = text(gate, "conditionType");
        let mut conditions = items(pod, "status.conditions").iter();
        let status = conditions.find(|condition| text(condition, "type") == wanted);
        let status = status.map_or("<none>", |condition| text(condition, "status"));
        page.line(1, format!("{wanted} \t{status} "));
    }
}
