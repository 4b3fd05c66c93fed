//! `gantry status`: what runs, where, and what is wrong, on one screen.

use std::collections::BTreeMap;
use std::fs;

use anyhow::{Context, Result};
use k8s_openapi::List;
use k8s_openapi::ListableResource;
use k8s_openapi::api::core::v1::{Node, Pod};
use serde::de::DeserializeOwned;

use gantry_api::views::{Meta, PodView};
use gantry_base::Timestamp;
use gantry_base::time::{age, since};
use gantry_client::{Call, Remote};
use gantry_pki::Certificate;

use crate::cluster::{Cluster, data_dir};
use crate::kubeconfig::own_certificate;
use crate::options::Which;
use crate::process::serving;
use crate::{image, output, service};

/// Certificates that end sooner than this are warned of.
const SOON: std::time::Duration = std::time::Duration::from_secs(30 * 24 * 3600 / 4);
/// How long before its end the authority is warned of.
const AUTHORITY_SOON: std::time::Duration = std::time::Duration::from_secs(180 * 24 * 3600);
/// Troubled pods that are listed one by one.
const PODS_SHOWN: usize = 10;

/// Prints the screen.
pub(crate) async fn run(which: &Which) -> Result<()> {
    let Some(cluster) = Cluster::find(which)? else {
        output::line(format!(
            "There is no cluster {:?} in {}. Start one with `gantry up`.",
            which.name,
            data_dir(which).display()
        ));
        return Ok(());
    };
    let Some(pid) = serving(&cluster) else {
        output::line(format!(
            "The cluster {:?} is down. Start it with `gantry{} up`.",
            cluster.name,
            cluster.flags()
        ));
        return Ok(());
    };
    let client = service::client(&cluster)?;
    let nodes: List<Node> = read(&client, "/api/v1/nodes").await?;
    let pods: List<Pod> = read(&client, "/api/v1/pods").await?;
    output::line(format!(
        "Cluster   {} (process {}, {} of memory)",
        cluster.name,
        pid.as_raw_nonzero(),
        memory(pid.as_raw_nonzero().get())
    ));
    output::line(format!("API       https://127.0.0.1:{}", cluster.port));
    output::line(format!("Data      {}", cluster.data_dir.display()));
    output::line(format!(
        "Store     {}",
        cluster.datastore.describe(&cluster)
    ));
    output::line(format!("Log       {}", cluster.log_file().display()));
    output::line("");
    show_nodes(&nodes.items, &pods.items);
    show_pods(&pods.items);
    show_wrong(&cluster, &nodes.items, &pods.items);
    Ok(())
}

async fn read<T: ListableResource + DeserializeOwned>(
    client: &Remote,
    path: &str,
) -> Result<List<T>> {
    let answer = client
        .send(Call::get(path))
        .await
        .with_context(|| format!("ask the API server for {path}"))?;
    serde_json::from_slice(&answer.content).context("read the server's answer")
}

fn memory(pid: i32) -> String {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib: u64 = line
        .and_then(|line| line.split_whitespace().next()?.parse().ok())
        .unwrap_or(0);
    format!("{} MiB", kib / 1024)
}

fn is_ready(node: &Node) -> bool {
    let conditions = node
        .status
        .iter()
        .flat_map(|status| status.conditions.iter().flatten());
    conditions
        .into_iter()
        .any(|known| known.type_ == "Ready" && known.status == "True")
}

fn show_nodes(nodes: &[Node], pods: &[Pod]) {
    let mut rows = vec![["NODE", "STATUS", "PODS", "ADDRESS"].map(str::to_owned)];
    for node in nodes {
        let here = pods
            .iter()
            .filter(|pod| pod.node_name() == Some(node.name()) && !pod.is_finished())
            .count();
        let addresses = node
            .status
            .iter()
            .flat_map(|status| status.addresses.iter().flatten());
        let address = addresses
            .into_iter()
            .find(|known| known.type_ == "InternalIP");
        let state = if is_ready(node) { "Ready" } else { "NotReady" };
        rows.push([
            node.name().to_owned(),
            state.to_owned(),
            here.to_string(),
            address
                .map(|known| known.address.clone())
                .unwrap_or_default(),
        ]);
    }
    image::table(&rows);
}

fn show_pods(pods: &[Pod]) {
    let mut counts: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    for pod in pods {
        let (ready, all) = counts.entry(pod.namespace()).or_default();
        *all += 1;
        *ready += usize::from(pod.is_ready() || pod.phase() == "Succeeded");
    }
    if counts.is_empty() {
        output::line("\nNo pods yet. Try: kubectl create deployment nginx --image=nginx");
        return;
    }
    let mut rows = vec![["NAMESPACE", "PODS", "READY"].map(str::to_owned)];
    for (namespace, (ready, all)) in counts {
        rows.push([namespace.to_owned(), all.to_string(), ready.to_string()]);
    }
    output::line("");
    image::table(&rows);
}

/// Everything that somebody should look at; nothing when all is well.
fn show_wrong(cluster: &Cluster, nodes: &[Node], pods: &[Pod]) {
    let mut wrong: Vec<String> = Vec::new();
    for node in nodes.iter().filter(|node| !is_ready(node)) {
        wrong.push(format!(
            "node {} is not ready: kubectl describe node {}",
            node.name(),
            node.name()
        ));
    }
    let troubled: Vec<&Pod> = pods
        .iter()
        .filter(|pod| pod.is_active() && !pod.is_ready())
        .collect();
    for pod in troubled.iter().take(PODS_SHOWN) {
        let for_how_long = pod.created_at().map_or_else(String::new, |time| {
            format!(" for {}", age(since(Timestamp::now(), time)))
        });
        let why = reason(pod).unwrap_or_else(|| pod.phase().to_owned());
        wrong.push(format!(
            "pod {}/{} is not ready{for_how_long}: {why}",
            pod.namespace(),
            pod.name()
        ));
    }
    if troubled.len() > PODS_SHOWN {
        wrong.push(format!(
            "and {} more pods are not ready",
            troubled.len() - PODS_SHOWN
        ));
    }
    wrong.extend(certificate_warnings(cluster));
    output::line("");
    if wrong.is_empty() {
        output::line("Nothing is wrong.");
    }
    for line in wrong {
        output::line(format!("! {line}"));
    }
}

/// Why a pod waits, as its containers or its scheduling say.
fn reason(pod: &Pod) -> Option<String> {
    let status = pod.status.as_ref()?;
    let init = status.init_container_statuses.iter().flatten();
    let mut containers = init.chain(status.container_statuses.iter().flatten());
    let waiting = containers.find_map(|known| known.state.as_ref()?.waiting.as_ref());
    let told = |reason: Option<&String>, message: Option<&String>| {
        let words: Vec<&str> = reason
            .into_iter()
            .chain(message)
            .map(String::as_str)
            .collect();
        (!words.is_empty()).then(|| words.join(": "))
    };
    let unscheduled = pod
        .condition("PodScheduled")
        .filter(|known| known.status == "False");
    unscheduled
        .and_then(|known| told(known.reason.as_ref(), known.message.as_ref()))
        .or_else(|| waiting.and_then(|known| told(known.reason.as_ref(), known.message.as_ref())))
}

/// The certificates that should have been renewed by now, and the authority long before its end.
fn certificate_warnings(cluster: &Cluster) -> Vec<String> {
    let read = |name: &str| {
        let text = fs::read_to_string(cluster.data_dir.join("pki").join(name)).ok()?;
        Certificate::from_pem(&text).ok()
    };
    let renewed = "a running server renews it by itself, so its log says why it did not";
    let certificates = [
        ("server's", read("server.pem"), SOON, renewed),
        (
            "administrator's",
            own_certificate(cluster).ok(),
            SOON,
            renewed,
        ),
        (
            "authority's",
            read("ca.pem"),
            AUTHORITY_SOON,
            "nothing that it vouched for counts after that; replace it in time",
        ),
    ];
    certificates
        .into_iter()
        .filter_map(|(whose, certificate, soon, advice)| {
            let left = since(certificate?.not_after, Timestamp::now());
            (left < soon)
                .then(|| format!("the {whose} certificate ends in {}: {advice}", age(left)))
        })
        .collect()
}
