//! Several servers on one etcd: one state, one leader; and what happens when either is gone.

use std::fs;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::tests;
use crate::harness::{Cluster, Etcd, Lab, Program, Test, until, within};

pub(crate) const TESTS: &[Test] = tests![
    what_one_server_is_told_another_one_knows,
    another_server_takes_over_from_the_leader,
    without_its_etcd_a_server_refuses_writes_and_goes_on_reading,
    a_state_moves_to_etcd_and_back,
];

/// How long a leader that says nothing keeps others from leading, and what they need to begin.
const TAKE_OVER: Duration = Duration::from_secs(20);
/// What an end that is announced leaves to wait for.
const HAND_OVER: Duration = Duration::from_secs(5);
/// What a refusal may take that needs no answer of etcd.
const AT_ONCE: Duration = Duration::from_secs(3);

/// Starts a server on an etcd. All have the ranges of the usual name, as on machines of their own.
fn up(cluster: &Cluster<'_>, etcd: &Etcd, words: &str) -> Result<()> {
    let (endpoint, keys) = (etcd.endpoint(), etcd.keys());
    let ranges = "--service-cluster-ip-range 10.96.0.0/16 --service-node-port-range 30000-32767";
    let line = format!("up --datastore-endpoint {endpoint} {keys} {ranges} {words}");
    cluster.gantry(&line)?.ok().map(drop)
}

/// Gives a server that was never up the keys of another one.
fn share_keys(from: &Cluster<'_>, to: &Cluster<'_>) -> Result<()> {
    let keys = to.data_dir().join("pki");
    fs::create_dir_all(&keys)?;
    for name in ["ca.pem", "service-accounts.pem"] {
        fs::copy(from.data_dir().join("pki").join(name), keys.join(name))?;
    }
    Ok(())
}

/// The file with the keys that a server seals with.
fn encryption_keys(cluster: &Cluster<'_>) -> Result<String> {
    let record = fs::read(cluster.data_dir().join("cluster.json"))?;
    let record: Value = serde_json::from_slice(&record)?;
    let path = record["encryption"]["keys"].as_str();
    Ok(path.context("find the encryption keys")?.to_owned())
}

/// Two servers without a node.
fn two<'a>(lab: &'a Lab, etcd: &Etcd) -> Result<[Cluster<'a>; 2]> {
    let one = Cluster::prepare(lab, "e2e-one")?;
    let two = Cluster::prepare(lab, "e2e-two")?;
    up(&one, etcd, "--no-node")?;
    share_keys(&one, &two)?;
    let shared = format!(
        "--no-node --encryption-provider-config {}",
        encryption_keys(&one)?
    );
    up(&two, etcd, &shared)?;
    Ok([one, two])
}

/// Whether a server says that it leads.
fn leads(cluster: &Cluster<'_>) -> Result<bool> {
    let metrics = cluster.k("get --raw /metrics")?;
    let name = "leader_election_master_status{name=\"kube-controller-manager\"}";
    let mut lines = metrics.lines();
    let line = lines.find_map(|line| line.strip_prefix(name));
    Ok(line.context("find the metric")?.trim() == "1")
}

fn leads_within(patience: Duration, cluster: &Cluster<'_>) -> Result<()> {
    within(patience, &format!("{} leads", cluster.name()), || {
        ensure!(leads(cluster)?, "it does not");
        Ok(())
    })
}

fn lease(cluster: &Cluster<'_>) -> Result<Value> {
    let lease = cluster.json("lease -n kube-system kube-controller-manager")?;
    Ok(lease["spec"].clone())
}

fn what_one_server_is_told_another_one_knows(lab: &Lab) -> Result<()> {
    let Some(etcd) = Etcd::start(lab)? else {
        return Ok(());
    };
    let [one, two] = two(lab, &etcd)?;
    let mut watch = two
        .kubectl_program("get configmaps --watch -o name")
        .start()?;
    for number in 0..5 {
        one.k(&format!("create configmap told-{number}"))?;
        // Not a moment later: what is acknowledged is there, whomever one asks.
        two.k(&format!("get configmap told-{number}"))?;
    }
    two.k("delete configmap told-3")?;
    let gone = one.refused("get configmap told-3", "")?;
    ensure!(gone.contains("NotFound"), "see the deletion: {gone}");
    until("the watch has told everything", || {
        let said = watch.said()?;
        let all = (0..5).all(|number| said.contains(&format!("configmap/told-{number}\n")));
        ensure!(all, "{said}");
        Ok(())
    })?;
    // Whoever has one server's token is known to the other.
    one.k("create serviceaccount bearer")?;
    let token = one.k("create token bearer")?;
    let token = token.trim();
    two.k(&format!("config set-credentials bearer --token={token}"))?;
    let who = two.k("auth whoami --user bearer")?;
    ensure!(who.contains("serviceaccount:default:bearer"), "{who}");
    let status = two.gantry("status")?.ok()?;
    ensure!(
        status.contains(&etcd.endpoint()),
        "name the engine: {status}"
    );
    Ok(())
}

fn another_server_takes_over_from_the_leader(lab: &Lab) -> Result<()> {
    let Some(etcd) = Etcd::start(lab)? else {
        return Ok(());
    };
    let away = Cluster::prepare(lab, "e2e-away")?;
    up(&away, &etcd, "--no-node")?;
    let here = Cluster::prepare(lab, "gantry")?;
    share_keys(&away, &here)?;
    up(&here, &etcd, "")?;
    ensure!(leads(&away)? && !leads(&here)?, "the first one leads");
    here.k("create deployment web --image=nginx")?;
    here.ready_pods("app=web", 1)?;

    // Asked to end, it lets go of the lease.
    away.down("")?;
    leads_within(HAND_OVER, &here)?;
    let spec = lease(&here)?;
    ensure!(spec["leaseTransitions"] == 1, "count the holders: {spec}");
    up(&away, &etcd, "--no-node")?;
    ensure!(!leads(&away)?, "there is a leader already");

    // Killed, it cannot.
    let server = here.server()?.to_string();
    Program::new("kill").arg("-9").arg(server).run()?.ok()?;
    let killed = Instant::now();
    away.k("scale deployment web --replicas=3")?;
    within(TAKE_OVER, "the deployment is acted on", || {
        let set = away.json("replicasets -l app=web")?;
        let replicas = &set["items"][0]["spec"]["replicas"];
        ensure!(*replicas == 3, "{replicas} replicas");
        Ok(())
    })?;
    let took = killed.elapsed();
    ensure!(Duration::from_secs(5) < took, "not before it may: {took:?}");
    ensure!(leads(&away)?, "the other one leads");
    up(&here, &etcd, "")?;
    here.ready_pods("app=web", 3)?;
    ensure!(!leads(&here)?, "it waits its turn");
    Ok(())
}

fn without_its_etcd_a_server_refuses_writes_and_goes_on_reading(lab: &Lab) -> Result<()> {
    let Some(mut etcd) = Etcd::start(lab)? else {
        return Ok(());
    };
    let [one, two] = two(lab, &etcd)?;
    one.k("create configmap before")?;
    let mut watch = two
        .kubectl_program("get configmaps --watch -o name")
        .start()?;
    until("the watch is open", || {
        ensure!(watch.said()?.contains("configmap/before"), "not yet");
        Ok(())
    })?;

    etcd.kill()?;
    let begun = Instant::now();
    let manifest = "{apiVersion: v1, kind: ConfigMap, metadata: {name: meanwhile}}";
    let refused = one.refused("create --validate=false -f -", manifest)?;
    let took = begun.elapsed();
    ensure!(refused.contains("ServiceUnavailable"), "refuse: {refused}");
    ensure!(took < AT_ONCE, "refuse quickly, not after {took:?}");
    let stale = "get --raw /api/v1/namespaces/default/configmaps/before?resourceVersion=0";
    ensure!(two.k(stale)?.contains("\"before\""), "go on reading");
    ensure!(watch.ended()?.is_none(), "go on watching");

    etcd.run()?;
    until("writes go on", || one.k("create configmap afterwards"))?;
    until("the watch goes on", || {
        ensure!(watch.said()?.contains("configmap/afterwards"), "not yet");
        Ok(())
    })?;
    let meanwhile = two.refused("get configmap meanwhile", "")?;
    ensure!(
        meanwhile.contains("NotFound"),
        "keep nothing that was refused"
    );
    Ok(())
}

fn a_state_moves_to_etcd_and_back(lab: &Lab) -> Result<()> {
    let Some(etcd) = Etcd::start(lab)? else {
        return Ok(());
    };
    let cluster = Cluster::prepare(lab, "e2e-moving")?;
    cluster.gantry("up --no-node")?.ok()?;
    cluster.k("create configmap first --from-literal=a=b")?;
    let version = || -> Result<u64> {
        let object = cluster.json("configmap first")?;
        ensure!(object["data"]["a"] == "b", "keep what it says: {object}");
        let version = object["metadata"]["resourceVersion"].as_str();
        Ok(version.context("find the revision")?.parse()?)
    };
    let before = version()?;
    cluster.down("")?;

    etcd.listens()?;
    let (endpoint, keys) = (etcd.endpoint(), etcd.keys());
    let to_etcd = format!("datastore move --to {endpoint} {keys}");
    cluster.gantry(&to_etcd)?.ok()?;
    cluster.gantry("up --no-node")?.ok()?;
    let there = version()?;
    ensure!(before < there, "go on above {before}: {there}");
    cluster.k("create configmap second")?;
    let saved = cluster.home().join("saved").display().to_string();
    cluster.gantry(&format!("backup {saved}"))?.ok()?;
    cluster.k("create configmap third")?;
    cluster.down("")?;

    cluster.gantry("datastore move --to embedded")?.ok()?;
    let left = cluster.gantry(&to_etcd)?.refused()?;
    ensure!(left.contains("--force"), "say that it was left: {left}");
    cluster.gantry("up --no-node")?.ok()?;
    let all = cluster.k("get configmaps -o name")?;
    for name in ["first", "second", "third"] {
        ensure!(all.contains(name), "bring {name} back: {all}");
    }
    cluster.down("")?;

    cluster.gantry(&format!("restore {saved} --force"))?.ok()?;
    cluster.gantry("up --no-node")?.ok()?;
    let all = cluster.k("get configmaps -o name")?;
    ensure!(
        all.contains("second") && !all.contains("third"),
        "restore: {all}"
    );
    Ok(())
}
