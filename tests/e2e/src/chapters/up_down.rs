//! Starting and stopping: what a newcomer does first.

use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use super::tests;
use crate::harness::{Cluster, Kubectl, Lab, Program, Test, get, until};

pub(crate) const TESTS: &[Test] = tests![
    up_gives_a_ready_node_and_says_what_to_try_next,
    the_kubeconfig_keeps_what_was_there,
    a_second_up_is_harmless_and_quick,
    up_lets_go_of_the_pipe_of_its_caller,
    down_and_up_again_keeps_the_objects,
    the_demo_answers_at_the_address_it_prints,
    status_tells_what_runs,
    the_server_runs_in_the_foreground,
    called_through_a_link_it_is_kubectl,
];

fn up_gives_a_ready_node_and_says_what_to_try_next(lab: &Lab) -> Result<()> {
    let cluster = Cluster::prepare(lab, "gantry")?;
    let said = cluster.up()?;
    ensure!(
        said.contains("kubectl"),
        "find commands to copy in {said:?}"
    );
    let nodes = cluster.k("get nodes")?;
    ensure!(nodes.contains(" Ready "), "find a ready node in {nodes}");
    let context = cluster.k("config current-context")?;
    ensure!(
        context.trim() == "gantry",
        "find the context, not {context}"
    );
    let version = cluster.k("version")?;
    ensure!(version.contains("v1.35."), "find the version in {version}");
    for file in [cluster.kubeconfig(), cluster.data_dir().join("kubeconfig")] {
        let mode = fs::metadata(&file)?.permissions().mode() & 0o777;
        ensure!(
            mode == 0o600,
            "keep {} to its owner: {mode:o}",
            file.display()
        );
        cluster.k(&format!("--kubeconfig {} get nodes", file.display()))?;
    }
    Ok(())
}

const ELSEWHERE: &str = "\
apiVersion: v1
kind: Config
current-context: elsewhere
clusters:
- name: elsewhere
  cluster: {server: 'https://elsewhere.example'}
contexts:
- name: elsewhere
  context: {cluster: elsewhere, user: somebody}
users:
- name: somebody
  user: {token: secret}
x-note: ours
";

fn the_kubeconfig_keeps_what_was_there(lab: &Lab) -> Result<()> {
    let cluster = Cluster::prepare(lab, "gantry")?;
    fs::write(cluster.kubeconfig(), ELSEWHERE)?;
    let keeps = |what: &str| {
        let text = fs::read_to_string(cluster.kubeconfig())?;
        for part in ["elsewhere.example", "secret", "x-note"] {
            ensure!(text.contains(part), "{what}: find {part} in {text}");
        }
        Ok(text)
    };
    cluster.up()?;
    ensure!(
        keeps("up")?.contains("current-context: gantry"),
        "point to the new cluster"
    );
    cluster.down("--purge")?;
    let after = keeps("purge")?;
    ensure!(!after.contains("gantry"), "take the context back: {after}");
    Ok(())
}

fn a_second_up_is_harmless_and_quick(lab: &Lab) -> Result<()> {
    let cluster = lab.cluster()?;
    let server = cluster.server()?;
    let started = Instant::now();
    cluster.up()?;
    let took = started.elapsed();
    ensure!(took < Duration::from_secs(3), "be quick: it took {took:?}");
    ensure!(cluster.server()? == server, "keep the server");
    Ok(())
}

fn up_lets_go_of_the_pipe_of_its_caller(lab: &Lab) -> Result<()> {
    let cluster = Cluster::prepare(lab, "gantry")?;
    // The shell waits until everybody has closed the pipe that it reads from.
    let script = "said=$(\"$0\" up --name gantry --data-dir \"$1\") && echo \"${#said}\"";
    let shell = Program::new("sh")
        .arg("-c")
        .arg(script)
        .arg(lab.gantry())
        .arg(cluster.data_dir());
    let shell = shell
        .env("KUBECONFIG", cluster.kubeconfig())
        .patience(Duration::from_secs(30));
    let letters: usize = shell.run()?.ok()?.trim().parse()?;
    ensure!(0 < letters, "say something");
    Ok(())
}

fn down_and_up_again_keeps_the_objects(lab: &Lab) -> Result<()> {
    let cluster = lab.cluster()?;
    cluster.k("create deployment web --image=nginx --replicas=2")?;
    cluster.ready_pods("app=web", 2)?;
    cluster.down("")?;
    ensure!(cluster.k("get nodes").is_err(), "stop the server");
    cluster.up()?;
    cluster.ready_pods("app=web", 2)?;
    Ok(())
}

fn the_demo_answers_at_the_address_it_prints(lab: &Lab) -> Result<()> {
    let cluster = Cluster::prepare(lab, "gantry")?;
    let said = cluster.gantry("up --demo")?.ok()?;
    let (_, rest) = said.rsplit_once("http://").context("find an address")?;
    let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.' && c != ':');
    let address: SocketAddr = rest[..end.unwrap_or(rest.len())].parse()?;
    let page = get(address, "/")?;
    ensure!(
        page.to_lowercase().contains("<html"),
        "get a page, not {page}"
    );
    Ok(())
}

fn status_tells_what_runs(lab: &Lab) -> Result<()> {
    let cluster = lab.cluster()?;
    let status = cluster.gantry("status")?.ok()?;
    let address = cluster.node_address()?;
    for part in ["Ready", cluster.name(), address.as_str()] {
        ensure!(
            status.contains(part) || status.to_lowercase().contains(&part.to_lowercase()),
            "find {part} in {status}"
        );
    }
    cluster.k("run broken --image=no.such.registry.invalid/x")?;
    until("the status tells of the broken pod", || {
        let status = cluster.gantry("status")?;
        ensure!(
            (status.stdout + &status.stderr).contains("broken"),
            "it does not"
        );
        Ok(())
    })?;
    cluster.down("")?;
    let status = cluster.gantry("status")?;
    let text = status.stdout + &status.stderr;
    ensure!(
        text.contains("not running") || text.contains("stopped") || text.contains("down"),
        "say that it is down: {text}"
    );
    Ok(())
}

fn the_server_runs_in_the_foreground(lab: &Lab) -> Result<()> {
    let cluster = Cluster::prepare(lab, "gantry")?;
    let mut server = cluster.gantry_program("server").start()?;
    let config = cluster.data_dir().join("kubeconfig");
    until("the node is ready", || {
        let ended = server.ended()?;
        ensure!(ended.is_none(), "it ended: {}", server.said()?);
        let nodes = cluster.k(&format!("--kubeconfig {} get nodes", config.display()))?;
        ensure!(nodes.contains(" Ready "), "{nodes}");
        Ok(())
    })?;
    Program::new("kill")
        .arg(server.pid().to_string())
        .run()?
        .ok()?;
    let status = until("the server ends", || server.ended()?.context("it runs"))?;
    ensure!(status.success(), "end well when asked to: {status}");
    Ok(())
}

fn called_through_a_link_it_is_kubectl(lab: &Lab) -> Result<()> {
    let cluster = lab.cluster()?;
    let link = cluster.home().join("kubectl");
    symlink(lab.gantry(), &link)?;
    let cluster = cluster.through(Kubectl {
        name: "link".into(),
        program: link,
        first: None,
    });
    let nodes = cluster.k("get nodes")?;
    ensure!(nodes.contains(" Ready "), "find a ready node in {nodes}");
    Ok(())
}
