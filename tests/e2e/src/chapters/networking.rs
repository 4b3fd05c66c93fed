//! Addresses, services and names, from the node and from inside pods.

use std::collections::BTreeSet;
use std::net::{Ipv4Addr, SocketAddr};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::tests;
use crate::harness::{Cluster, Lab, Test, get, until};

pub(crate) const TESTS: &[Test] = tests![
    pods_see_each_other_under_their_own_addresses,
    a_service_spreads_over_all_ready_pods,
    names_of_services_resolve_inside_pods,
    a_pod_reaches_itself_through_its_service,
    a_service_without_pods_refuses_at_once,
];

const NGINX: &str = "\
apiVersion: v1
kind: Service
metadata: {name: nginx}
spec:
  type: NodePort
  selector: {app: nginx}
  ports: [{port: 80, nodePort: 30081}]
";

fn served(lab: &Lab, replicas: usize) -> Result<(Cluster<'_>, Vec<Value>)> {
    let cluster = lab.cluster()?;
    cluster.k(&format!(
        "create deployment nginx --image=nginx --replicas={replicas}"
    ))?;
    cluster.k_with("create -f -", NGINX)?;
    cluster.k("run shell --image=busybox -- sleep 3600")?;
    let pods = cluster.ready_pods("app=nginx", replicas)?;
    cluster.ready("shell")?;
    Ok((cluster, pods))
}

fn address(pod: &Value) -> Result<Ipv4Addr> {
    Ok(pod["status"]["podIP"]
        .as_str()
        .context("find the pod's address")?
        .parse()?)
}

fn pods_see_each_other_under_their_own_addresses(lab: &Lab) -> Result<()> {
    let (cluster, pods) = served(lab, 1)?;
    let web = address(&pods[0])?;
    let shell = address(&cluster.json("pod shell")?)?;
    ensure!(
        web != shell && web.octets()[..2] == [10, 244],
        "give each its own: {web}, {shell}"
    );
    let seen = cluster.k(&format!("exec shell -- wget -qO- http://{web}/caller"))?;
    ensure!(
        seen.trim() == shell.to_string(),
        "translate nothing: {shell} was seen as {seen}"
    );
    let page = get(SocketAddr::from((web, 80)), "/")?;
    ensure!(page == "first\n", "reach the pod from the node: {page}");
    Ok(())
}

fn a_service_spreads_over_all_ready_pods(lab: &Lab) -> Result<()> {
    let (cluster, pods) = served(lab, 3)?;
    let all: BTreeSet<&str> = pods
        .iter()
        .filter_map(|pod| pod["metadata"]["name"].as_str())
        .collect();
    let service = cluster.json("svc nginx")?["spec"]["clusterIP"]
        .as_str()
        .map(str::to_owned);
    let service: Ipv4Addr = service.context("find the service's address")?.parse()?;
    ensure!(
        service.octets()[..2] == [10, 96],
        "take it from the range: {service}"
    );
    let places = [
        (service, 80),
        (Ipv4Addr::LOCALHOST, 30081),
        (cluster.node_address()?.parse()?, 30081),
    ];
    for place in places {
        until("all pods answer", || {
            let answers: BTreeSet<String> = (0..40)
                .map(|_| Ok(get(SocketAddr::from(place), "/name")?.trim().to_owned()))
                .collect::<Result<_>>()?;
            ensure!(
                answers.iter().map(String::as_str).eq(all.iter().copied()),
                "{answers:?} did"
            );
            Ok(())
        })?;
    }
    Ok(())
}

fn names_of_services_resolve_inside_pods(lab: &Lab) -> Result<()> {
    let (cluster, _) = served(lab, 1)?;
    for name in [
        "nginx",
        "nginx.default",
        "nginx.default.svc",
        "nginx.default.svc.cluster.local",
    ] {
        let page = until("the name leads to the service", || {
            cluster.k(&format!("exec shell -- wget -qO- http://{name}/"))
        })?;
        ensure!(page == "first\n", "{name} leads to {page:?}");
    }
    let complaint = cluster.refused(
        "exec shell -- nslookup nothing.default.svc.cluster.local",
        "",
    )?;
    ensure!(
        complaint.contains("NXDOMAIN") || complaint.contains("can't find"),
        "say no: {complaint}"
    );
    let config = cluster.k("exec shell -- cat /etc/resolv.conf")?;
    ensure!(
        config.contains("default.svc.cluster.local"),
        "search the namespace: {config}"
    );
    Ok(())
}

/// A server and a shell under one address.
const PAIR: &str = "\
apiVersion: v1
kind: Pod
metadata: {name: pair, labels: {app: nginx}}
spec:
  containers:
  - {name: server, image: nginx}
  - {name: shell, image: busybox, command: [sleep, '3600']}
";

fn a_pod_reaches_itself_through_its_service(lab: &Lab) -> Result<()> {
    let cluster = lab.cluster()?;
    cluster.k_with("create -f -", NGINX)?;
    cluster.k_with("create -f -", PAIR)?;
    cluster.ready("pair")?;
    let page = until("the pod answers itself", || {
        cluster.k("exec pair -c shell -- wget -qO- http://nginx/")
    })?;
    ensure!(page == "first\n", "get the page, not {page:?}");
    Ok(())
}

fn a_service_without_pods_refuses_at_once(lab: &Lab) -> Result<()> {
    let (cluster, _) = served(lab, 1)?;
    cluster.k("scale deployment nginx --replicas=0")?;
    until("the port refuses", || {
        let error = get(SocketAddr::from((Ipv4Addr::LOCALHOST, 30081)), "/").err();
        let text = format!("{:#}", error.context("it answers")?);
        ensure!(text.contains("refused"), "{text}");
        Ok(())
    })
}
