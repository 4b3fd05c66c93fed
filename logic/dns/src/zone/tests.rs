//! Services in, names out, as text; and what queries for them get.

use expect_test::{Expect, expect};
use k8s_openapi::api::core::v1::ServicePort;
use k8s_openapi::api::discovery::v1::{Endpoint, EndpointConditions, EndpointPort};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::*;
use crate::wire::{Query, Type};
use crate::{Answer, answer};

fn metadata(name: &str) -> ObjectMeta {
    ObjectMeta {
        namespace: Some("default".into()),
        name: Some(name.into()),
        labels: Some([(String::from("kubernetes.io/service-name"), name.into())].into()),
        ..ObjectMeta::default()
    }
}

fn service(name: &str, cluster_ip: &str, edit: impl FnOnce(&mut ServiceSpec)) -> Service {
    let port = ServicePort {
        name: Some("http".into()),
        port: 80,
        ..ServicePort::default()
    };
    let mut spec = ServiceSpec {
        cluster_ip: Some(cluster_ip.into()),
        ports: Some(vec![port]),
        ..ServiceSpec::default()
    };
    edit(&mut spec);
    Service {
        metadata: metadata(name),
        spec: Some(spec),
        status: None,
    }
}

fn slice(service: &str, endpoints: Vec<Endpoint>) -> EndpointSlice {
    let name = Some(String::from("http"));
    let port = EndpointPort {
        name,
        port: Some(8080),
        ..EndpointPort::default()
    };
    EndpointSlice {
        address_type: "IPv4".into(),
        endpoints,
        metadata: metadata(service),
        ports: Some(vec![port]),
    }
}

fn endpoint(address: &str, hostname: Option<&str>, ready: bool) -> Endpoint {
    let ready = EndpointConditions {
        ready: Some(ready),
        ..EndpointConditions::default()
    };
    Endpoint {
        addresses: vec![address.into()],
        hostname: hostname.map(String::from),
        conditions: Some(ready),
        ..Endpoint::default()
    }
}

fn zone() -> Zone {
    let config = ZoneConfig {
        domain: "cluster.local".parse().unwrap(),
        server: [10, 96, 0, 10].into(),
    };
    let outside = |spec: &mut ServiceSpec| {
        spec.type_ = Some("ExternalName".into());
        spec.external_name = Some("db.example.com".into());
    };
    let inside = |spec: &mut ServiceSpec| {
        spec.type_ = Some("ExternalName".into());
        spec.external_name = Some("web.default.svc.cluster.local".into());
    };
    let services = [
        service("web", "10.96.0.7", |_| ()),
        service("peers", "None", |_| ()),
        service("empty", "None", |_| ()),
        service("early", "None", |spec| {
            spec.publish_not_ready_addresses = Some(true)
        }),
        service("outside", "", outside),
        service("inside", "", inside),
    ];
    let peers = vec![
        endpoint("10.244.0.5", Some("peer-0"), true),
        endpoint("10.244.0.6", None, true),
        endpoint("10.244.0.7", Some("peer-2"), false),
    ];
    let early = vec![endpoint("10.244.0.8", None, false)];
    Zone::new(
        &config,
        &services,
        &[slice("peers", peers), slice("early", early)],
    )
}

fn ask(name: &str, kind: Type) -> String {
    let query = Query {
        id: 1,
        recursion: true,
        name: name.parse().unwrap(),
        kind,
        datagram: 512,
        extended: false,
        question: Vec::new(),
    };
    match answer(&zone(), &query) {
        Answer::Forward => "forward\n".into(),
        Answer::Alias { answers, target } => format!("{answers:?} then ask for {target}\n"),
        Answer::Reply(reply) => {
            let mut text = format!("{:?}\n", reply.code);
            let sections = [
                ("", &reply.answers),
                ("soa ", &reply.authority),
                ("also ", &reply.additional),
            ];
            for (section, records) in sections {
                for owned in records {
                    text.push_str(&line(section, owned));
                }
            }
            text
        }
    }
}

fn line(section: &str, owned: &crate::wire::Owned) -> String {
    let says = match &owned.record {
        Record::A(address) => format!("A {address}"),
        Record::Cname(name) => format!("CNAME {name}"),
        Record::Ptr(name) => format!("PTR {name}"),
        Record::Soa { server, .. } => format!("SOA {server}"),
        Record::Srv { port, target } => format!("SRV {port} {target}"),
        Record::Txt(text) => format!("TXT {text}"),
        Record::Other(kind, _) => format!("{kind:?}"),
    };
    format!("{section}{} {says}\n", owned.name)
}

fn check(name: &str, kind: Type, expected: &Expect) {
    expected.assert_eq(&ask(name, kind));
}

#[test]
fn a_service_has_an_address_in_any_case_of_letters() {
    let web = expect![[r"
        NoError
        web.default.svc.cluster.local. A 10.96.0.7
    "]];
    check("web.default.svc.cluster.local", Type::A, &web);
    check("WEB.Default.svc.Cluster.Local.", Type::A, &web);
}

#[test]
fn an_unknown_name_in_the_zone_does_not_exist_so_that_search_paths_go_on() {
    let unknown = expect![[r"
        NxDomain
        soa cluster.local. SOA ns.dns.cluster.local.
    "]];
    check(
        "www.example.com.default.svc.cluster.local",
        Type::A,
        &unknown,
    );
    check("web.other.svc.cluster.local", Type::A, &unknown);
    check(
        "web.default.svc.cluster.local.svc.cluster.local",
        Type::A,
        &unknown,
    );
}

#[test]
fn what_exists_without_such_a_record_says_so() {
    let nothing = expect![[r"
        NoError
        soa cluster.local. SOA ns.dns.cluster.local.
    "]];
    check("web.default.svc.cluster.local", Type::AAAA, &nothing);
    check("default.svc.cluster.local", Type::A, &nothing);
    check("cluster.local", Type::A, &nothing);
    check("empty.default.svc.cluster.local", Type::A, &nothing);
    check("_tcp.web.default.svc.cluster.local", Type::SRV, &nothing);
}

#[test]
fn a_headless_service_is_its_ready_endpoints() {
    check(
        "peers.default.svc.cluster.local",
        Type::A,
        &expect![[r"
            NoError
            peers.default.svc.cluster.local. A 10.244.0.5
            peers.default.svc.cluster.local. A 10.244.0.6
        "]],
    );
    check(
        "early.default.svc.cluster.local",
        Type::A,
        &expect![[r"
            NoError
            early.default.svc.cluster.local. A 10.244.0.8
        "]],
    );
    check(
        "peer-0.peers.default.svc.cluster.local",
        Type::A,
        &expect![[r"
            NoError
            peer-0.peers.default.svc.cluster.local. A 10.244.0.5
        "]],
    );
    check(
        "peer-2.peers.default.svc.cluster.local",
        Type::A,
        &expect![[r"
            NxDomain
            soa cluster.local. SOA ns.dns.cluster.local.
        "]],
    );
}

#[test]
fn a_named_port_says_where_to_go_and_how_to_get_there() {
    check(
        "_http._tcp.peers.default.svc.cluster.local",
        Type::SRV,
        &expect![[r"
            NoError
            _http._tcp.peers.default.svc.cluster.local. SRV 8080 10-244-0-6.peers.default.svc.cluster.local.
            _http._tcp.peers.default.svc.cluster.local. SRV 8080 peer-0.peers.default.svc.cluster.local.
            also 10-244-0-6.peers.default.svc.cluster.local. A 10.244.0.6
            also peer-0.peers.default.svc.cluster.local. A 10.244.0.5
        "]],
    );
    check(
        "_http._tcp.web.default.svc.cluster.local",
        Type::SRV,
        &expect![[r"
            NoError
            _http._tcp.web.default.svc.cluster.local. SRV 80 web.default.svc.cluster.local.
            also web.default.svc.cluster.local. A 10.96.0.7
        "]],
    );
}

#[test]
fn addresses_have_names_and_foreign_ones_are_asked_elsewhere() {
    check(
        "7.0.96.10.in-addr.arpa",
        Type::PTR,
        &expect![[r"
            NoError
            7.0.96.10.in-addr.arpa. PTR web.default.svc.cluster.local.
        "]],
    );
    check(
        "5.0.244.10.in-addr.arpa",
        Type::PTR,
        &expect![[r"
            NoError
            5.0.244.10.in-addr.arpa. PTR peer-0.peers.default.svc.cluster.local.
        "]],
    );
    check("8.8.8.8.in-addr.arpa", Type::PTR, &expect![["forward\n"]]);
    check("www.example.com", Type::A, &expect![["forward\n"]]);
}

#[test]
fn an_external_name_is_an_alias_that_is_followed() {
    check(
        "inside.default.svc.cluster.local",
        Type::A,
        &expect![[r"
            NoError
            inside.default.svc.cluster.local. CNAME web.default.svc.cluster.local.
            web.default.svc.cluster.local. A 10.96.0.7
        "]],
    );
    let alias = ask("outside.default.svc.cluster.local", Type::A);
    assert!(alias.ends_with("then ask for db.example.com.\n"), "{alias}");
    check(
        "outside.default.svc.cluster.local",
        Type::CNAME,
        &expect![[r"
            NoError
            outside.default.svc.cluster.local. CNAME db.example.com.
        "]],
    );
}

#[test]
fn a_pod_is_called_by_its_address() {
    check(
        "10-244-0-5.default.pod.cluster.local",
        Type::A,
        &expect![[r"
            NoError
            10-244-0-5.default.pod.cluster.local. A 10.244.0.5
        "]],
    );
    check(
        "10-244-0.default.pod.cluster.local",
        Type::A,
        &expect![[r"
            NxDomain
            soa cluster.local. SOA ns.dns.cluster.local.
        "]],
    );
}
