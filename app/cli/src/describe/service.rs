//! `Service`.

use serde_json::Value;

use super::page::Page;
use super::{Chapter, Kin, Subject};
use crate::fields::{items, number, pairs, shown, text};

/// More endpoints than this are counted, not named.
const ENDPOINTS_MAX: usize = 3;

pub(super) const CHAPTER: Chapter = Chapter {
    group: "",
    kind: "Service",
    kin: &[Kin::EndpointSlices],
    with_events: true,
    write,
};

fn write(page: &mut Page, subject: &Subject<'_>) {
    let service = subject.object;
    page.head(service);
    page.field(0, "Selector", pairs(service, "spec.selector", "<none>"));
    page.field(0, "Type", text(service, "spec.type"));
    page.some(0, "IP Family Policy", text(service, "spec.ipFamilyPolicy"));
    list(page, "IP Families", service, "spec.ipFamilies");
    page.field(0, "IP", text(service, "spec.clusterIP"));
    list(page, "IPs", service, "spec.clusterIPs");
    if !items(service, "spec.externalIPs").is_empty() {
        list(page, "External IPs", service, "spec.externalIPs");
    }
    page.some(
        0,
        "Desired LoadBalancer IP",
        text(service, "spec.loadBalancerIP"),
    );
    page.some(0, "External Name", text(service, "spec.externalName"));
    let ingress = items(service, "status.loadBalancer.ingress").iter();
    let ingress: Vec<String> = ingress
        .map(|point| format!("{}{}", text(point, "ip"), text(point, "hostname")))
        .collect();
    page.some(0, "LoadBalancer Ingress", &ingress.join(", "));
    for port in items(service, "spec.ports") {
        one_port(page, port, subject);
    }
    page.field(0, "Session Affinity", text(service, "spec.sessionAffinity"));
    page.some(
        0,
        "External Traffic Policy",
        text(service, "spec.externalTrafficPolicy"),
    );
    page.some(
        0,
        "Internal Traffic Policy",
        text(service, "spec.internalTrafficPolicy"),
    );
    if number(service, "spec.healthCheckNodePort") != 0 {
        page.field(
            0,
            "HealthCheck NodePort",
            number(service, "spec.healthCheckNodePort").to_string(),
        );
    }
}

fn list(page: &mut Page, label: &str, service: &Value, path: &str) {
    let values: Vec<String> = items(service, path).iter().map(shown).collect();
    let values = if values.is_empty() {
        "<none>".to_owned()
    } else {
        values.join(",")
    };
    page.field(0, label, values);
}

fn one_port(page: &mut Page, port: &Value, subject: &Subject<'_>) {
    let name = text(port, "name");
    let shown_name = if name.is_empty() { "<unset>" } else { name };
    let protocol = text(port, "protocol");
    page.field(
        0,
        "Port",
        format!("{shown_name}\t{}/{protocol}", number(port, "port")),
    );
    page.field(
        0,
        "TargetPort",
        format!("{}/{protocol}", shown(&port["targetPort"])),
    );
    if number(port, "nodePort") != 0 {
        page.field(
            0,
            "NodePort",
            format!("{shown_name}\t{}/{protocol}", number(port, "nodePort")),
        );
    }
    page.field(
        0,
        "Endpoints",
        endpoints(subject.kin(Kin::EndpointSlices), name),
    );
}

/// The ready endpoints behind the port of this name.
fn endpoints(slices: &[Value], name: &str) -> String {
    let mut all = Vec::new();
    for slice in slices {
        for port in items(slice, "ports")
            .iter()
            .filter(|port| text(port, "name") == name)
        {
            let ready = items(slice, "endpoints")
                .iter()
                .filter(|endpoint| endpoint["conditions"]["ready"] != false);
            for address in ready.flat_map(|endpoint| items(endpoint, "addresses")) {
                let address = shown(address);
                let address = if address.contains(':') {
                    format!("[{address}]")
                } else {
                    address
                };
                all.push(format!("{address}:{}", number(port, "port")));
            }
        }
    }
    let more = all.len().saturating_sub(ENDPOINTS_MAX);
    all.truncate(ENDPOINTS_MAX);
    let shown = all.join(",");
    if more > 0 {
        format!("{shown} + {more} more...")
    } else {
        shown
    }
}
