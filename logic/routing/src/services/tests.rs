//! Services and slices in, rules out, as text.

use expect_test::{Expect, expect};
use k8s_openapi::api::core::v1::{LoadBalancerIngress, LoadBalancerStatus, ServiceStatus};
use k8s_openapi::api::discovery::v1::{self as discovery, EndpointConditions, EndpointPort};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::*;

fn node() -> LocalNode {
    LocalNode {
        name: "here".into(),
        nodes: BTreeSet::new(),
        host_ports: Vec::new(),
        dns: None,
    }
}

fn service(edit: impl FnOnce(&mut ServiceSpec)) -> Service {
    let mut spec = ServiceSpec {
        cluster_ip: Some("10.96.0.7".into()),
        ports: Some(vec![ServicePort {
            port: 80,
            ..ServicePort::default()
        }]),
        ..ServiceSpec::default()
    };
    edit(&mut spec);
    Service {
        metadata: metadata("web"),
        spec: Some(spec),
        status: None,
    }
}

fn metadata(name: &str) -> ObjectMeta {
    ObjectMeta {
        namespace: Some("default".into()),
        name: Some(name.into()),
        ..ObjectMeta::default()
    }
}

/// An endpoint as "address node conditions", where `r`, `s` and `t` mean that a condition holds.
fn endpoint(text: &str) -> discovery::Endpoint {
    let words: Vec<_> = text.split(' ').collect();
    let conditions = words.get(2).map(|letters| EndpointConditions {
        ready: Some(letters.contains('r')),
        serving: Some(letters.contains('s')),
        terminating: Some(letters.contains('t')),
    });
    discovery::Endpoint {
        addresses: vec![words[0].into()],
        node_name: Some(words[1].into()),
        conditions,
        ..discovery::Endpoint::default()
    }
}

fn slice(endpoints: &[&str]) -> EndpointSlice {
    let mut metadata = metadata("web-abcde");
    metadata.labels = Some([(String::from("kubernetes.io/service-name"), "web".into())].into());
    let port = EndpointPort {
        port: Some(8080),
        ..EndpointPort::default()
    };
    EndpointSlice {
        address_type: "IPv4".into(),
        endpoints: endpoints.iter().map(|text| endpoint(text)).collect(),
        metadata,
        ports: Some(vec![port]),
    }
}

fn check(service: Service, endpoints: &[&str], expected: &Expect) {
    expected.assert_eq(&ruleset(&node(), [&service], [&slice(endpoints)]).to_string());
}

#[test]
fn a_node_port_answers_on_the_cluster_address_and_on_the_node() {
    check(
        service(|spec| spec.ports.as_mut().unwrap()[0].node_port = Some(30008)),
        &["10.244.0.2 here", "10.244.1.2 there r"],
        &expect![[r"
            *:30008/tcp: balance 10.244.0.2:8080 10.244.1.2:8080, masquerade always
            10.96.0.7:80/tcp: balance 10.244.0.2:8080 10.244.1.2:8080, masquerade outsiders
        "]],
    );
}

#[test]
fn only_ready_endpoints_get_traffic() {
    check(
        service(|_| ()),
        &[
            "10.244.0.2 here r",
            "10.244.0.3 here",
            "10.244.0.4 here s",
            "10.244.0.5 here st",
        ],
        &expect![[r"
            10.96.0.7:80/tcp: balance 10.244.0.2:8080 10.244.0.3:8080, masquerade outsiders
        "]],
    );
}

#[test]
fn leaving_endpoints_serve_when_no_other_is_left() {
    check(
        service(|_| ()),
        &[
            "10.244.0.2 here st",
            "10.244.0.3 here t",
            "10.244.0.4 here s",
        ],
        &expect![[r"
            10.96.0.7:80/tcp: balance 10.244.0.2:8080, masquerade outsiders
        "]],
    );
}

#[test]
fn without_endpoints_a_service_refuses() {
    let refused = expect![[r"
        10.96.0.7:80/tcp: reject
    "]];
    check(service(|_| ()), &[], &refused);
    check(service(|_| ()), &["10.244.0.4 here -"], &refused);
    check(
        service(|spec| spec.internal_traffic_policy = Some("Local".into())),
        &[],
        &refused,
    );
}

#[test]
fn a_local_policy_keeps_to_this_node_and_keeps_the_clients_address() {
    let local = |endpoints: &[&str], expected: &Expect| {
        let service = service(|spec| {
            spec.external_traffic_policy = Some("Local".into());
            spec.ports.as_mut().unwrap()[0].node_port = Some(30008);
        });
        check(service, endpoints, expected);
    };
    local(
        &["10.244.0.2 here", "10.244.1.2 there"],
        &expect![[r"
            *:30008/tcp: balance 10.244.0.2:8080, masquerade loopback
            10.96.0.7:80/tcp: balance 10.244.0.2:8080 10.244.1.2:8080, masquerade outsiders
        "]],
    );
    local(
        &["10.244.1.2 there"],
        &expect![[r"
            *:30008/tcp: drop
            10.96.0.7:80/tcp: balance 10.244.1.2:8080, masquerade outsiders
        "]],
    );
}

#[test]
fn a_load_balancers_address_is_a_frontend_unless_it_is_a_proxy() {
    let ingress = |ip: &str, mode: Option<&str>| LoadBalancerIngress {
        ip: Some(ip.into()),
        ip_mode: mode.map(String::from),
        ..LoadBalancerIngress::default()
    };
    let mut balanced = service(|spec| {
        spec.type_ = Some("LoadBalancer".into());
        spec.external_ips = Some(vec!["198.51.100.9".into()]);
    });
    let ingress = vec![
        ingress("203.0.113.1", None),
        ingress("203.0.113.2", Some("Proxy")),
    ];
    let balancer = LoadBalancerStatus {
        ingress: Some(ingress),
    };
    balanced.status = Some(ServiceStatus {
        load_balancer: Some(balancer),
        ..ServiceStatus::default()
    });
    check(
        balanced,
        &["10.244.0.2 here"],
        &expect![[r"
            10.96.0.7:80/tcp: balance 10.244.0.2:8080, masquerade outsiders
            198.51.100.9:80/tcp: balance 10.244.0.2:8080, masquerade always
            203.0.113.1:80/tcp: balance 10.244.0.2:8080, masquerade always
        "]],
    );
}

#[test]
fn affinity_lasts_three_hours_unless_told_otherwise() {
    check(
        service(|spec| spec.session_affinity = Some("ClientIP".into())),
        &["10.244.0.2 here"],
        &expect![[r"
            10.96.0.7:80/tcp: balance 10.244.0.2:8080, sticky 10800s, masquerade outsiders
        "]],
    );
}

#[test]
fn headless_external_and_foreign_services_need_no_rules() {
    let nothing = expect![""];
    check(
        service(|spec| spec.cluster_ip = Some("None".into())),
        &["10.244.0.2 here"],
        &nothing,
    );
    check(
        service(|spec| spec.type_ = Some("ExternalName".into())),
        &[],
        &nothing,
    );
    let mut foreign = service(|_| ());
    foreign.metadata.labels = Some([(OTHER_PROXY.to_owned(), String::from("other"))].into());
    check(foreign, &["10.244.0.2 here"], &nothing);
}

#[test]
fn the_nodes_own_resolver_answers_whatever_the_dns_service_says() {
    let dns = service(|spec| {
        spec.cluster_ip = Some("10.96.0.10".into());
        let udp = |port| ServicePort {
            port,
            protocol: Some("UDP".into()),
            ..ServicePort::default()
        };
        spec.ports = Some(vec![udp(53), udp(9153)]);
    });
    let resolver = "10.244.0.1:40053".parse().unwrap();
    let node = LocalNode {
        dns: Some((Ipv4Addr::new(10, 96, 0, 10), resolver)),
        ..node()
    };
    expect![[r"
        10.96.0.10:53/tcp: balance 10.244.0.1:40053, masquerade loopback
        10.96.0.10:53/udp: balance 10.244.0.1:40053, masquerade loopback
        10.96.0.10:9153/udp: reject
    "]]
    .assert_eq(&ruleset(&node, [&dns], []).to_string());
}

#[test]
fn a_host_port_leads_to_its_pod() {
    let target = Endpoint {
        address: Ipv4Addr::new(10, 244, 0, 5),
        port: 80,
    };
    let port = |address| HostPort {
        address,
        protocol: Protocol::Tcp,
        port: 8080,
        target,
    };
    let host_ports = vec![port(None), port(Some(Ipv4Addr::LOCALHOST))];
    expect![[r"
        *:8080/tcp: balance 10.244.0.5:80, masquerade loopback
        127.0.0.1:8080/tcp: balance 10.244.0.5:80, masquerade loopback
    "]]
    .assert_eq(
        &ruleset(
            &LocalNode {
                host_ports,
                ..node()
            },
            [],
            [],
        )
        .to_string(),
    );
}

#[test]
fn values_that_no_port_can_have_are_left_out() {
    check(
        service(|spec| spec.ports.as_mut().unwrap()[0].port = 70_000),
        &[],
        &expect![""],
    );
    let odd = |spec: &mut ServiceSpec| {
        spec.ports.as_mut().unwrap()[0].protocol = Some("DCCP".into());
    };
    check(service(odd), &[], &expect![""]);
}
