//! `kill -9` at any moment: pods never stop, nothing that was acknowledged is lost.

use std::collections::BTreeMap;
use std::fs;

use anyhow::{Context, Result, ensure};

use super::tests;
use crate::harness::{Cluster, Lab, Program, Test, until};

pub(crate) const TESTS: &[Test] = tests![
    pods_do_not_notice_that_the_server_was_killed,
    what_was_acknowledged_is_there_after_a_kill,
    what_ended_meanwhile_is_noticed_afterwards,
    down_cleans_up_after_a_kill,
];

/// Kills the server without warning.
pub(super) fn kill(cluster: &Cluster<'_>) -> Result<()> {
    let server = cluster.server()?;
    Program::new("kill")
        .words("-9")
        .arg(server.to_string())
        .run()?
        .ok()?;
    until("the server is dead", || {
        ensure!(
            !fs::exists(format!("/proc/{server}/exe"))? || is_zombie(server),
            "it lives"
        );
        Ok(())
    })
}

fn is_zombie(pid: i32) -> bool {
    fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| stat.contains(") Z "))
}

/// Processes inside the pod's containers, with the moments they began.
fn processes(cluster: &Cluster<'_>, pod: &str) -> Result<BTreeMap<String, String>> {
    let script = "for p in /proc/[0-9]*; do echo $p $(cut -d' ' -f22 $p/stat) $(cat $p/comm); done";
    let text = cluster
        .kubectl_program(&format!("exec {pod} -- sh -c"))
        .arg(script)
        .run()?
        .ok()?;
    let lines = text.lines().filter_map(|line| line.split_once(' '));
    let lasting = lines.filter(|(_, rest)| rest.ends_with("sleep") || rest.ends_with("nginx"));
    Ok(lasting
        .map(|(pid, rest)| (pid.to_owned(), rest.to_owned()))
        .collect())
}

fn pods_do_not_notice_that_the_server_was_killed(lab: &Lab) -> Result<()> {
    let cluster = lab.cluster()?;
    let counter = "i=0; while true; do i=$((i+1)); echo $i; usleep 20000; done";
    cluster
        .kubectl_program("run count --image=busybox -- sh -c")
        .arg(counter)
        .run()?
        .ok()?;
    cluster.k("create deployment web --image=nginx --replicas=2")?;
    cluster.ready("count")?;
    let pods = cluster.ready_pods("app=web", 2)?;
    let web = pods[0]["metadata"]["name"]
        .as_str()
        .context("find a pod")?
        .to_owned();
    let before = processes(&cluster, &web)?;
    ensure!(!before.is_empty(), "see processes");
    let lines = || Ok::<_, anyhow::Error>(cluster.k("logs count")?.lines().count());
    let written = lines()?;
    kill(&cluster)?;
    cluster.up()?;
    cluster.ready("count")?;
    ensure!(processes(&cluster, &web)? == before, "keep the processes");
    until("the log went on", || {
        ensure!(written < lines()?, "it did not");
        Ok(())
    })?;
    let log = cluster.k("logs count")?;
    let has_gap = log
        .lines()
        .zip(1..)
        .any(|(line, number): (_, u32)| line != number.to_string());
    ensure!(!has_gap, "lose no line");
    for pod in cluster.ready_pods("app=web", 2)? {
        let restarts = &pod["status"]["containerStatuses"][0]["restartCount"];
        ensure!(restarts == 0, "restart nothing: {restarts}");
    }
    Ok(())
}

fn what_was_acknowledged_is_there_after_a_kill(lab: &Lab) -> Result<()> {
    let cluster = lab.cluster()?;
    let mut acknowledged = Vec::new();
    for round in 0..3 {
        let program = cluster
            .kubectl_program("create -f -")
            .input(many(round))
            .start()?;
        let mut program = program;
        until("writes are under way", || {
            ensure!(5 < program.said()?.lines().count(), "not yet");
            Ok(())
        })?;
        kill(&cluster)?;
        until("the client gives up", || {
            program.ended()?.context("it goes on")
        })?;
        let said = program.said()?;
        let created = said
            .lines()
            .filter_map(|line| line.strip_suffix(" created"));
        acknowledged.extend(created.map(str::to_owned));
        cluster.up()?;
    }
    let there = cluster.k("get configmaps -o name")?;
    for name in &acknowledged {
        ensure!(there.lines().any(|line| line == name), "keep {name}");
    }
    Ok(())
}

fn many(round: u32) -> String {
    let one = |number: u32| {
        format!("---\napiVersion: v1\nkind: ConfigMap\nmetadata: {{name: r{round}-{number}}}\n")
    };
    (0..400).map(one).collect()
}

fn what_ended_meanwhile_is_noticed_afterwards(lab: &Lab) -> Result<()> {
    let cluster = lab.cluster()?;
    let run = cluster.kubectl_program("run brief --image=busybox --restart=Never -- sh -c");
    run.arg("sleep 2; echo last words; exit 3").run()?.ok()?;
    cluster.ready("brief")?;
    kill(&cluster)?;
    // The container ends while nobody but its shim looks.
    until("the container has ended", || {
        let running = Program::new("pgrep").words("-fx").arg("sleep 2").run()?;
        ensure!(!running.status.success(), "it runs");
        Ok(())
    })?;
    cluster.up()?;
    ensure!(cluster.ended("brief")? == "Failed", "notice the end");
    let pod = cluster.json("pod brief")?;
    let end = &pod["status"]["containerStatuses"][0]["state"]["terminated"];
    ensure!(end["exitCode"] == 3, "keep the exit code: {end}");
    ensure!(
        cluster.k("logs brief")? == "last words\n",
        "keep the last words"
    );
    Ok(())
}

fn down_cleans_up_after_a_kill(lab: &Lab) -> Result<()> {
    let cluster = lab.cluster()?;
    cluster.k("create deployment web --image=nginx --replicas=2")?;
    cluster.ready_pods("app=web", 2)?;
    kill(&cluster)?;
    cluster.down("")?;
    Ok(())
}
