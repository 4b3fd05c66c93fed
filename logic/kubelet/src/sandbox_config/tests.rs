use expect_test::{Expect, expect};
use serde_json::{Value, json};

use super::*;

fn names() -> Names {
    Names {
        domain: "cluster.local".to_owned(),
        dns: "10.96.0.10".to_owned(),
        host: Resolution {
            servers: vec!["192.0.2.53".to_owned()],
            searches: vec!["example.org".to_owned()],
            options: vec!["rotate".to_owned()],
        },
        host_name: "node".to_owned(),
        host_file: "127.0.0.1 localhost node\n".to_owned(),
    }
}

fn config(spec: Value) -> SandboxConfig {
    let pod: Pod = serde_json::from_value(json!({
        "metadata": {"name": "web", "namespace": "shop", "uid": "u"},
        "spec": spec,
    }))
    .unwrap();
    let host = pod.spec.as_ref().unwrap().host_network == Some(true);
    sandbox_config(&pod, (!host).then_some("10.244.0.9"), &names())
}

fn check(spec: Value, expected: &Expect) {
    let made = config(spec);
    let last = made.hosts.lines().skip(7).collect::<Vec<_>>().join("\n");
    expected.assert_eq(&format!(
        "{}\n---\n{last}\n---\n{}",
        made.hostname, made.resolv_conf
    ));
}

#[test]
fn a_pod_asks_the_clusters_dns_first() {
    let made = config(json!({"containers": [], "dnsPolicy": "ClusterFirst"}));
    assert!(
        made.hosts
            .starts_with("# Kubernetes-managed hosts file.\n127.0.0.1\tlocalhost\n")
    );
    check(
        json!({"containers": [], "dnsPolicy": "ClusterFirst"}),
        &expect![[r#"
            web
            ---
            10.244.0.9	web
            ---
            search shop.svc.cluster.local svc.cluster.local cluster.local example.org
            nameserver 10.96.0.10
            options ndots:5
        "#]],
    );
}

#[test]
fn a_pod_with_a_subdomain_knows_its_full_name() {
    check(
        json!({
            "containers": [], "dnsPolicy": "None", "hostname": "a", "subdomain": "b",
            "setHostnameAsFQDN": true,
            "hostAliases": [{"ip": "192.0.2.9", "hostnames": ["x", "y"]}],
            "dnsConfig": {"nameservers": ["192.0.2.1"], "options": [{"name": "ndots", "value": "2"}]},
        }),
        &expect![[r#"
            a.b.shop.svc.cluster.local
            ---
            10.244.0.9	a.b.shop.svc.cluster.local	a

            # Entries added by HostAliases.
            192.0.2.9	x	y
            ---
            nameserver 192.0.2.1
            options ndots:2
        "#]],
    );
}

#[test]
fn own_wishes_come_after_the_policys_and_options_replace() {
    let made = config(json!({
        "containers": [], "dnsPolicy": "ClusterFirst",
        "dnsConfig": {"searches": ["example.org", "own"], "options": [{"name": "ndots", "value": "1"}, {"name": "edns0"}]},
    }));
    assert!(made.resolv_conf.contains("cluster.local example.org own\n"));
    assert!(made.resolv_conf.ends_with("options ndots:1 edns0\n"));
}

#[test]
fn on_the_hosts_network_names_are_the_hosts() {
    let made = config(json!({"containers": [], "hostNetwork": true, "dnsPolicy": "ClusterFirst"}));
    assert_eq!(made.hostname, "node");
    assert!(
        made.hosts
            .starts_with("# Kubernetes-managed hosts file (host network).\n127.0.0.1")
    );
    assert_eq!(
        made.resolv_conf,
        "search example.org\nnameserver 192.0.2.53\noptions rotate\n"
    );
    assert!(made.annotations.is_empty());
    let cluster = config(
        json!({"containers": [], "hostNetwork": true, "dnsPolicy": "ClusterFirstWithHostNet"}),
    );
    assert!(cluster.resolv_conf.contains("nameserver 10.96.0.10"));
}
