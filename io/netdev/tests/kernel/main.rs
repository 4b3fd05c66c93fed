//! The network and the data plane on a real kernel, in network namespaces made for each test.
#![expect(
    clippy::unwrap_used,
    reason = "the linter does not see that helpers of tests are tests"
)]

mod lab;
mod sys;

use std::collections::BTreeSet;
use std::net::{SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

use gantry_netdev::{Dataplane, Network, NftDataplane};
use gantry_routing::{Masquerade, Ruleset};

use lab::{Machine, Namespace, Talk, ask_once, balanced, rules, serve};

#[test]
fn pods_and_node_reach_each_other_under_their_own_addresses() {
    let Some(machine) = Machine::new() else {
        return;
    };
    let cluster = machine.cluster("flat", 11);
    let (one, two) = (cluster.pod(2), cluster.pod(3));
    two.serve();
    serve(&machine.namespace, "10.11.0.1:8000".parse().unwrap());
    cluster.replace(Ruleset::default());
    assert_eq!(
        ask_once(&one.namespace, "10.11.0.3:80"),
        "10.11.0.3 10.11.0.2"
    );
    assert_eq!(
        ask_once(&two.namespace, "10.11.0.3:80"),
        "10.11.0.3 10.11.0.3"
    );
    assert_eq!(
        ask_once(&machine.namespace, "10.11.0.3:80"),
        "10.11.0.3 10.11.0.1"
    );
    assert_eq!(
        ask_once(&one.namespace, "10.11.0.1:8000"),
        "10.11.0.1 10.11.0.2"
    );
}

#[test]
fn attaching_again_gives_the_same_and_detaching_twice_is_fine() {
    let Some(machine) = Machine::new() else {
        return;
    };
    let cluster = machine.cluster("again", 12);
    let pod = cluster.pod(2);
    pod.serve();
    let links = machine.links();
    cluster.wait(|cluster| cluster.network.set_up()).unwrap();
    cluster.attach(&pod);
    assert_eq!(machine.links(), links);
    assert_eq!(
        ask_once(&machine.namespace, "10.12.0.2:80"),
        "10.12.0.2 10.12.0.1"
    );
    for _ in 0..2 {
        cluster
            .wait(|cluster| cluster.network.detach("pod-10.12.0.2".into()))
            .unwrap();
    }
    assert_eq!(machine.links().len(), links.len() - 1);
}

#[test]
fn a_pods_successor_of_the_same_name_takes_over_its_link() {
    let Some(machine) = Machine::new() else {
        return;
    };
    let cluster = machine.cluster("heir", 13);
    let first = cluster.pod(2);
    let second = cluster.pod(2);
    second.serve();
    assert_eq!(
        ask_once(&machine.namespace, "10.13.0.2:80"),
        "10.13.0.2 10.13.0.1"
    );
    drop(first);
}

#[test]
fn a_service_address_leads_to_all_endpoints_from_pods_and_node() {
    let Some(machine) = Machine::new() else {
        return;
    };
    let cluster = machine.cluster("vip", 14);
    let pods = [cluster.pod(2), cluster.pod(3), cluster.pod(4)];
    let endpoints = [pods[0].serve(), pods[1].serve()];
    cluster.replace(rules("10.114.0.1:80/tcp", &endpoints));
    for namespace in [&machine.namespace, &pods[2].namespace, &pods[0].namespace] {
        let heard: BTreeSet<_> = (0..40)
            .map(|_| ask_once(namespace, "10.114.0.1:80"))
            .collect();
        let servers: BTreeSet<_> = heard.iter().map(|text| &text[..9]).collect();
        assert_eq!(
            servers,
            BTreeSet::from(["10.14.0.2", "10.14.0.3"]),
            "{heard:?}"
        );
    }
    let seen = ask_once(&pods[2].namespace, "10.114.0.1:80");
    assert!(
        seen.ends_with(" 10.14.0.4"),
        "a pod keeps its address: {seen}"
    );
}

#[test]
fn a_node_port_answers_on_loopback_and_on_the_nodes_addresses() {
    let Some(machine) = Machine::new() else {
        return;
    };
    let cluster = machine.cluster("port", 15);
    let pod = cluster.pod(2);
    let endpoint = pod.serve();
    let rules = |masquerade| {
        balanced("*:30008/tcp", &[endpoint], |balance| {
            balance.masquerade = masquerade;
        })
    };
    for masquerade in [
        Masquerade::Always,
        Masquerade::Outsiders,
        Masquerade::Loopback,
    ] {
        cluster.replace(rules(masquerade));
        for address in ["127.0.0.1:30008", "127.8.9.1:30008", "10.15.0.1:30008"] {
            let heard = ask_once(&machine.namespace, address);
            assert_eq!(heard, "10.15.0.2 10.15.0.1", "{address}, {masquerade}");
        }
        let heard = ask_once(&pod.namespace, "10.15.0.1:30008");
        assert_eq!(heard, "10.15.0.2 10.15.0.1", "through itself, {masquerade}");
    }
    assert_eq!(
        ask_once(&machine.namespace, "127.0.0.1:30009"),
        "connection refused"
    );
}

#[test]
fn a_pod_reaches_itself_through_its_own_service() {
    let Some(machine) = Machine::new() else {
        return;
    };
    let cluster = machine.cluster("self", 16);
    let pod = cluster.pod(2);
    cluster.replace(rules("10.116.0.1:80/tcp", &[pod.serve()]));
    assert_eq!(
        ask_once(&pod.namespace, "10.116.0.1:80"),
        "10.16.0.2 10.16.0.1"
    );
}

#[test]
fn what_has_no_endpoints_or_no_service_refuses_at_once() {
    let Some(machine) = Machine::new() else {
        return;
    };
    let cluster = machine.cluster("none", 17);
    let pod = cluster.pod(2);
    cluster.replace(rules("10.117.0.1:80/tcp", &[]));
    let start = Instant::now();
    for namespace in [&machine.namespace, &pod.namespace] {
        for address in ["10.117.0.1:80", "10.117.0.1:81", "10.117.9.9:80"] {
            assert_eq!(
                ask_once(namespace, address),
                "connection refused",
                "{address}"
            );
        }
    }
    assert!(
        start.elapsed() < Duration::from_secs(1),
        "{:?}",
        start.elapsed()
    );
}

#[test]
fn a_sticky_client_stays_until_its_endpoint_goes() {
    let Some(machine) = Machine::new() else {
        return;
    };
    let cluster = machine.cluster("sticky", 18);
    let pods: Vec<_> = (2..6).map(|last| cluster.pod(last)).collect();
    let endpoints: Vec<_> = pods.iter().map(lab::Pod::serve).collect();
    let sticky = |endpoints: &[_]| {
        balanced("10.118.0.1:80/tcp", endpoints, |balance| {
            balance.affinity = Some(60)
        })
    };
    let ask = || ask_once(&machine.namespace, "10.118.0.1:80");
    cluster.replace(sticky(&endpoints));
    let first = ask();
    assert!((0..20).all(|_| ask() == first));
    let (gone, rest): (Vec<_>, Vec<_>) = endpoints
        .iter()
        .copied()
        .partition(|endpoint| first.starts_with(&endpoint.address.to_string()));
    cluster.replace(sticky(&rest));
    let second = ask();
    assert!(!second.is_empty() && second != first, "{second}");
    assert!((0..20).all(|_| ask() == second));
    cluster.replace(sticky(&[rest.as_slice(), gone.as_slice()].concat()));
    assert!(
        (0..20).all(|_| ask() == second),
        "one that comes back does not take clients along"
    );
}

#[test]
fn a_connection_outlives_the_endpoints_place_in_the_rules() {
    let Some(machine) = Machine::new() else {
        return;
    };
    let cluster = machine.cluster("roll", 19);
    let (old, new) = (cluster.pod(2), cluster.pod(3));
    let (old_endpoint, new_endpoint) = (old.serve(), new.serve());
    let frontend = "10.119.0.1:80/tcp";
    cluster.replace(rules(frontend, &[old_endpoint]));
    let mut talk = Talk::start(&new.namespace, "10.119.0.1:80").unwrap();
    assert_eq!(talk.hear(), "10.19.0.2 10.19.0.3");

    let applied = cluster.replace(rules(frontend, &[new_endpoint]));
    assert!(!applied.rebuilt && applied.bytes < 2000, "{applied:?}");
    assert_eq!(talk.ask_again(), "10.19.0.2 10.19.0.3");
    assert_eq!(
        ask_once(&old.namespace, "10.119.0.1:80"),
        "10.19.0.3 10.19.0.2"
    );

    let successor = NftDataplane::new(cluster.network.config().clone());
    let rebuilt = cluster
        .wait(|_| successor.replace(rules(frontend, &[new_endpoint])))
        .unwrap();
    assert!(rebuilt.rebuilt, "a new process makes the table anew");
    assert_eq!(talk.ask_again(), "10.19.0.2 10.19.0.3");
    assert_eq!(machine.tables(), 1);
}

#[test]
fn a_udp_flow_follows_the_endpoints() {
    let Some(machine) = Machine::new() else {
        return;
    };
    let cluster = machine.cluster("udp", 20);
    let (one, two) = (cluster.pod(2), cluster.pod(3));
    let (first, second) = (one.serve_udp(), two.serve_udp());
    let frontend = "10.120.0.1:53/udp";
    cluster.replace(rules(frontend, &[first]));
    let client = udp_client(&machine.namespace, "10.120.0.1:53");
    assert_eq!(ask_udp(&client), "10.20.0.2");
    assert_eq!(
        cluster.replace(rules(frontend, &[first, second])).forgotten,
        0
    );
    assert_eq!(ask_udp(&client), "10.20.0.2", "a flow stays where it is");
    assert_eq!(cluster.replace(rules(frontend, &[second])).forgotten, 1);
    assert_eq!(ask_udp(&client), "10.20.0.3");
}

#[test]
fn pods_leave_the_cluster_under_the_nodes_address_and_clusters_live_side_by_side() {
    let Some(machine) = Machine::new() else {
        return;
    };
    let (ours, theirs) = (machine.cluster("ours", 21), machine.cluster("theirs", 22));
    let (pod, stranger) = (ours.pod(2), theirs.pod(2));
    let endpoint = stranger.serve();
    ours.replace(Ruleset::default());
    theirs.replace(rules("*:30022/tcp", &[endpoint]));
    assert_eq!(machine.tables(), 2);
    assert_eq!(
        ask_once(&pod.namespace, "10.22.0.2:80"),
        "10.22.0.2 10.22.0.1"
    );
    let known = Ruleset {
        nodes: [stranger.address].into(),
        ..Ruleset::default()
    };
    ours.replace(known);
    assert_eq!(
        ask_once(&pod.namespace, "10.22.0.2:80"),
        "10.22.0.2 10.21.0.2",
        "not to nodes"
    );
    assert_eq!(
        ask_once(&pod.namespace, "10.21.0.1:30022"),
        "10.22.0.2 10.22.0.1"
    );
    ours.wait(|ours| ours.dataplane.remove()).unwrap();
    assert_eq!(
        ask_once(&machine.namespace, "127.0.0.1:30022"),
        "10.22.0.2 10.22.0.1"
    );
}

#[test]
fn removal_leaves_nothing_and_may_be_repeated() {
    let Some(machine) = Machine::new() else {
        return;
    };
    let cluster = machine.cluster("gone", 23);
    let pods = [cluster.pod(2), cluster.pod(3)];
    cluster.replace(rules("10.123.0.1:80/tcp", &[pods[0].serve()]));
    for _ in 0..2 {
        cluster.wait(|cluster| cluster.dataplane.remove()).unwrap();
        cluster.wait(|cluster| cluster.network.remove()).unwrap();
        assert_eq!(machine.tables(), 0);
        assert!(
            !machine.links().iter().any(|link| link.starts_with('g')),
            "{:?}",
            machine.links()
        );
    }
}

#[test]
fn a_table_that_somebody_flushed_comes_back() {
    let Some(machine) = Machine::new() else {
        return;
    };
    let cluster = machine.cluster("flush", 24);
    let endpoint = cluster.pod(2).serve();
    let rules = || rules("10.124.0.1:80/tcp", &[endpoint]);
    cluster.replace(rules());
    let somebody = NftDataplane::new(cluster.network.config().clone());
    cluster.wait(|_| somebody.remove()).unwrap();
    assert!(cluster.replace(rules()).rebuilt);
    assert_eq!(cluster.replace(rules()).bytes, 0, "nothing changed");
}

#[test]
fn services_work_whether_or_not_the_kernel_filters_bridged_frames() {
    let Some(machine) = Machine::new() else {
        return;
    };
    let cluster = machine.cluster("frames", 26);
    let (one, two) = (cluster.pod(2), cluster.pod(3));
    cluster.replace(rules("10.126.0.1:80/tcp", &[one.serve()]));
    let switch = "/proc/sys/net/bridge/bridge-nf-call-iptables";
    for value in ["0", "1"] {
        let set = machine.namespace.run(|| std::fs::write(switch, value));
        if set.is_err() {
            println!("this kernel cannot filter bridged frames");
        }
        // What the pods learn about each other directly must not spoil the way over the service.
        assert_eq!(
            ask_once(&two.namespace, "10.26.0.2:80"),
            "10.26.0.2 10.26.0.3"
        );
        assert_eq!(
            ask_once(&two.namespace, "10.126.0.1:80"),
            "10.26.0.2 10.26.0.3"
        );
        assert_eq!(
            ask_once(&one.namespace, "10.126.0.1:80"),
            "10.26.0.2 10.26.0.1"
        );
    }
}

#[test]
fn a_service_may_lead_to_the_node_itself() {
    let Some(machine) = Machine::new() else {
        return;
    };
    let cluster = machine.cluster("node", 27);
    let pod = cluster.pod(2);
    let node = lab::Pod {
        namespace: machine.namespace.clone(),
        address: [10, 27, 0, 1].into(),
    };
    let (stream, datagram) = (node.serve(), node.serve_udp());
    let mut all = rules("10.127.0.10:80/tcp", &[stream]);
    all.frontends
        .extend(rules("10.127.0.10:53/udp", &[datagram]).frontends);
    cluster.replace(all);
    assert_eq!(
        ask_once(&pod.namespace, "10.127.0.10:80"),
        "10.27.0.1 10.27.0.2"
    );
    assert_eq!(
        ask_once(&machine.namespace, "10.127.0.10:80"),
        "10.27.0.1 10.27.0.1"
    );
    for namespace in [&pod.namespace, &machine.namespace] {
        assert_eq!(
            ask_udp(&udp_client(namespace, "10.127.0.10:53")),
            "10.27.0.1"
        );
    }
}

#[test]
fn pods_do_not_reach_what_the_node_offers_only_to_itself() {
    let Some(machine) = Machine::new() else {
        return;
    };
    let cluster = machine.cluster("inner", 28);
    let pod = cluster.pod(2);
    serve(&machine.namespace, "127.0.0.1:9000".parse().unwrap());
    // Without a loopback address the pod sends such packets to its gateway, as an attacker would.
    pod.namespace.run(|| {
        lab::forget_loopback();
        std::fs::write("/proc/sys/net/ipv4/conf/eth0/route_localnet", "1").unwrap();
    });
    let reached = || ask_once(&pod.namespace, "127.0.0.1:9000");
    assert_eq!(reached(), "timed out", "before there are rules");
    cluster.replace(Ruleset::default());
    assert_eq!(reached(), "timed out");
    cluster.wait(|cluster| cluster.dataplane.remove()).unwrap();
    assert_eq!(reached(), "timed out", "after there were rules");
    let switch = "/proc/sys/net/ipv4/conf/gantry-inner/route_localnet";
    machine
        .namespace
        .run(|| std::fs::write(switch, "1"))
        .unwrap();
    assert_eq!(
        reached(),
        "127.0.0.1 10.28.0.2",
        "or else this test proves nothing"
    );
}

#[test]
fn a_table_that_somebody_changed_is_made_anew() {
    let Some(machine) = Machine::new() else {
        return;
    };
    let cluster = machine.cluster("changed", 31);
    let endpoint = cluster.pod(2).serve();
    cluster.replace(rules("10.131.0.1:80/tcp", &[endpoint]));
    let somebody = NftDataplane::new(cluster.network.config().clone());
    cluster
        .wait(|_| somebody.replace(Ruleset::default()))
        .unwrap();
    assert!(
        cluster
            .replace(rules("10.131.0.2:80/tcp", &[endpoint]))
            .rebuilt
    );
    assert_eq!(
        ask_once(&machine.namespace, "10.131.0.2:80"),
        "10.31.0.2 10.31.0.1"
    );
    assert_eq!(
        ask_once(&machine.namespace, "10.131.0.1:80"),
        "connection refused"
    );
}

#[test]
fn thirty_pods_are_attached_quickly() {
    let Some(machine) = Machine::new() else {
        return;
    };
    let cluster = machine.cluster("quick", 32);
    let pods: Vec<_> = (2..32).map(|_| Namespace::new()).collect();
    let start = Instant::now();
    for (last, namespace) in (2..).zip(&pods) {
        let namespace = namespace.clone();
        let address = [10, 32, 0, last].into();
        cluster.attach(&lab::Pod { namespace, address });
    }
    println!("30 pods attached: {:?}", start.elapsed());
    assert_eq!(machine.links().len(), 32);
}

#[test]
fn five_thousand_services_are_installed_and_changed_quickly() {
    let Some(machine) = Machine::new() else {
        return;
    };
    let cluster = machine.cluster("many", 25);
    let endpoint = cluster.pod(2).serve();
    let add = |all: &mut Ruleset, number: u16| {
        let [high, low] = number.to_be_bytes();
        let one = rules(&format!("10.125.{high}.{low}:80/tcp"), &[endpoint]);
        all.frontends.extend(one.frontends);
    };
    let mut all = Ruleset::default();
    (1..=5000).for_each(|number| add(&mut all, number));
    let mut more = all.clone();
    add(&mut more, 5001);
    let first = Instant::now();
    cluster.replace(all);
    let second = Instant::now();
    let applied = cluster.replace(more);
    println!(
        "5000 services: {:?}, one more: {:?}",
        second - first,
        second.elapsed()
    );
    assert!(applied.bytes < 2000, "{applied:?}");
    assert_eq!(
        ask_once(&machine.namespace, "10.125.19.136:80"),
        "10.25.0.2 10.25.0.1"
    );
    assert_eq!(
        ask_once(&machine.namespace, "10.125.19.137:80"),
        "10.25.0.2 10.25.0.1"
    );
}

fn udp_client(from: &Namespace, to: &str) -> UdpSocket {
    let to: SocketAddr = to.parse().unwrap();
    let client = from.run(|| UdpSocket::bind("0.0.0.0:0")).unwrap();
    client.connect(to).unwrap();
    client
        .set_read_timeout(Some(Duration::from_secs(2)))
        .unwrap();
    client
}

fn ask_udp(client: &UdpSocket) -> String {
    client.send(b"?").unwrap();
    let mut buffer = [0; 64];
    let length = client.recv(&mut buffer).unwrap();
    String::from_utf8_lossy(&buffer[..length]).into_owned()
}

#[test]
fn the_usual_tool_can_list_the_table_if_it_is_there() {
    let Some(machine) = Machine::new() else {
        return;
    };
    let cluster = machine.cluster("show", 29);
    let endpoint = cluster.pod(2).serve();
    let sticky = |frontend: &str| {
        balanced(frontend, &[endpoint], |balance| balance.affinity = Some(60)).frontends
    };
    let mut all = rules("*:30008/tcp", &[endpoint]);
    all.frontends.extend(sticky("10.129.0.1:80/tcp"));
    all.frontends.extend(sticky("*:30009/tcp"));
    all.frontends
        .extend(rules("10.129.0.2:80/tcp", &[]).frontends);
    all.nodes.insert([192, 0, 2, 2].into());
    cluster.replace(all);
    assert_eq!(
        ask_once(&machine.namespace, "10.129.0.1:80"),
        "10.29.0.2 10.29.0.1"
    );
    let list = || {
        std::process::Command::new("nft")
            .args(["list", "ruleset"])
            .output()
    };
    let Ok(listed) = machine.namespace.run(list) else {
        println!("skipped: nft is not installed");
        return;
    };
    let text = String::from_utf8_lossy(&listed.stdout);
    assert!(
        listed.status.success(),
        "{}",
        String::from_utf8_lossy(&listed.stderr)
    );
    println!("{text}");
    assert!(text.contains("table ip gantry-show"), "{text}");
}
