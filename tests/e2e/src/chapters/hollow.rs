//! Hollow nodes: another process that loads the server over the network.

use std::collections::BTreeMap;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::tests;
use crate::harness::{Background, Cluster, Lab, Program, Test, until};

pub(crate) const TESTS: &[Test] = tests![
    sixty_pods_run_on_twenty_nodes_that_are_not_there,
    nodes_that_stay_are_the_same_when_they_come_back,
    what_cannot_be_is_refused,
];

/// Begins to run `count` hollow nodes and waits until the server has them.
fn nodes(cluster: &Cluster<'_>, count: usize, words: &str) -> Result<Background> {
    let program = cluster.gantry_program(&format!("agent --hollow {count} {words}"));
    let agent = program
        .arg("--kubeconfig")
        .arg(cluster.kubeconfig())
        .start()?;
    until("all hollow nodes are ready", || {
        let list = cluster.json("nodes -l gantry.io/hollow=true")?;
        let nodes = list["items"].as_array().context("read the list")?;
        let ready = nodes.iter().filter(|node| is_ready(node)).count();
        ensure!(ready == count, "{ready} are");
        Ok(())
    })?;
    Ok(agent)
}

fn is_ready(node: &Value) -> bool {
    let conditions = node["status"]["conditions"].as_array();
    let mut conditions = conditions.into_iter().flatten();
    conditions.any(|known| known["type"] == "Ready" && known["status"] == "True")
}

/// Asks the nodes to end, and waits until they have.
fn end(agent: &mut Background) -> Result<()> {
    let pid = agent.pid().to_string();
    Program::new("kill").arg(pid).run()?.ok()?;
    let status = until("the agent has ended", || agent.ended()?.context("it runs"))?;
    ensure!(status.success(), "end well: {}", agent.said()?);
    Ok(())
}

fn sixty_pods_run_on_twenty_nodes_that_are_not_there(lab: &Lab) -> Result<()> {
    let cluster = lab.cluster()?;
    let mut agent = nodes(&cluster, 20, "--pods-per-node 5 --remove")?;
    let real = cluster.json("nodes -l gantry.io/hollow!=true")?;
    let real = real["items"][0]["metadata"]["name"].as_str();
    cluster.k(&format!("cordon {}", real.context("find the real node")?))?;
    // No registry has this image.
    cluster.k("create deployment load --image=nowhere.example/load --replicas=60")?;
    let pods = cluster.ready_pods("app=load", 60)?;
    let mut on: BTreeMap<&str, usize> = BTreeMap::new();
    for pod in &pods {
        let node = pod["spec"]["nodeName"].as_str().unwrap_or_default();
        *on.entry(node).or_default() += 1;
    }
    let is_even = on.values().all(|count| (1..=5).contains(count));
    ensure!(on.len() == 20 && is_even, "spread the pods: {on:?}");
    ensure!(pods[0]["status"]["containerStatuses"][0]["restartCount"] == 0);

    cluster.k("rollout restart deployment load")?;
    cluster.k("rollout status deployment load --timeout=60s")?;
    cluster.k("scale deployment load --replicas=0")?;
    cluster.ready_pods("app=load", 0)?;

    end(&mut agent)?;
    let list = cluster.json("nodes -l gantry.io/hollow=true")?;
    ensure!(list["items"] == serde_json::json!([]), "remove the nodes");
    Ok(())
}

fn nodes_that_stay_are_the_same_when_they_come_back(lab: &Lab) -> Result<()> {
    let cluster = lab.cluster()?;
    let mut agent = nodes(&cluster, 2, "--first-number 7")?;
    let uid = |cluster: &Cluster<'_>| {
        let node = cluster.json("node hollow-7")?;
        Ok::<_, anyhow::Error>(node["metadata"]["uid"].clone())
    };
    let before = uid(&cluster)?;
    let bound = r#"{"apiVersion": "v1", "spec": {"nodeName": "hollow-8"}}"#;
    let run = cluster.kubectl_program("run here --image=nowhere.example/load --overrides");
    run.arg(bound).run()?.ok()?;
    cluster.ready("here")?;
    end(&mut agent)?;
    ensure!(uid(&cluster)? == before, "leave the nodes");
    let mut agent = nodes(&cluster, 2, "--first-number 7")?;
    ensure!(uid(&cluster)? == before, "take the nodes over");
    until("the pod is started again", || {
        let pod = cluster.ready("here")?;
        let restarts = &pod["status"]["containerStatuses"][0]["restartCount"];
        ensure!(*restarts == 1, "{restarts} times");
        Ok(())
    })?;
    end(&mut agent)
}

fn what_cannot_be_is_refused(lab: &Lab) -> Result<()> {
    let cluster = lab.cluster()?;
    let refused = |words: &str, why: &str| {
        let program = cluster.gantry_program(&format!("agent {words}"));
        let path = cluster.kubeconfig();
        let said = program.arg("--kubeconfig").arg(path).run()?.refused()?;
        ensure!(said.contains(why), "say {why:?}: {said}");
        Ok(())
    };
    refused("", "--hollow N")?;
    refused("--hollow 5001", "between 1 and 5000")?;
    refused("--hollow 2 --name-prefix Big_", "lower-case letters")?;
    cluster.k_with(
        "create -f -",
        r#"{"apiVersion": "v1", "kind": "Node", "metadata": {"name": "real-0"}}"#,
    )?;
    refused("--hollow 1 --name-prefix real-", "not hollow")?;
    // A stranger may look at nothing.
    cluster.k("create serviceaccount stranger")?;
    let token = cluster.k("create token stranger")?;
    cluster.k(&format!(
        "config set-credentials stranger --token={}",
        token.trim()
    ))?;
    cluster.k("config set-context --current --user=stranger")?;
    refused("--hollow 1", "does not allow this user to list nodes")
}
