//! Rolling updates under load, and everything `rollout` knows.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use anyhow::{Context, Result, anyhow, ensure};

use super::tests;
use crate::harness::{Cluster, Lab, Test, get, until};

pub(crate) const TESTS: &[Test] = tests![
    an_update_loses_no_request,
    history_undo_pause_resume_and_restart_work,
];

const WEB: &str = "\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 3
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - name: nginx
        image: nginx
        readinessProbe: {httpGet: {path: /, port: 80}, periodSeconds: 1}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec:
  type: NodePort
  selector: {app: web}
  ports: [{port: 80, nodePort: 30080}]
";
const ADDRESS: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 30080);

fn deployed(lab: &Lab) -> Result<Cluster<'_>> {
    let cluster = lab.cluster()?;
    cluster.k_with("apply -f -", WEB)?;
    cluster.k("rollout status deployment/web")?;
    until("the service answers", || get(ADDRESS, "/"))?;
    Ok(cluster)
}

/// Asks without a pause until it is told to stop.
struct Visitor {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<Vec<Result<String>>>,
}

impl Visitor {
    fn start() -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let told = Arc::clone(&stop);
        let thread = std::thread::spawn(move || {
            let mut answers = Vec::new();
            while !told.load(Ordering::Relaxed) {
                answers.push(get(ADDRESS, "/"));
            }
            answers
        });
        Self { stop, thread }
    }

    fn answers(self) -> Result<Vec<Result<String>>> {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().map_err(|_| anyhow!("go on visiting"))
    }
}

fn an_update_loses_no_request(lab: &Lab) -> Result<()> {
    let cluster = deployed(lab)?;
    let visitor = Visitor::start();
    let update = cluster.k("set image deployment/web nginx=nginx:next");
    let status = update.and_then(|_| cluster.k("rollout status deployment/web"));
    let settled = status.and_then(|_| cluster.ready_pods("app=web", 3));
    let answers = visitor.answers()?;
    settled?;
    let count = answers.len();
    let pages: Vec<String> = answers
        .into_iter()
        .collect::<Result<_>>()
        .with_context(|| format!("serve all {count} requests"))?;
    for page in ["first\n", "next\n"] {
        ensure!(
            pages.iter().any(|one| one == page),
            "see {page:?} among {count} answers"
        );
    }
    Ok(())
}

fn history_undo_pause_resume_and_restart_work(lab: &Lab) -> Result<()> {
    let cluster = deployed(lab)?;
    let settle = || cluster.k("rollout status deployment/web");
    cluster.k("annotate deployment/web kubernetes.io/change-cause=begin")?;
    cluster.k("set image deployment/web nginx=nginx:next")?;
    cluster.k("annotate deployment/web kubernetes.io/change-cause=next --overwrite")?;
    settle()?;
    ensure!(
        revisions(&cluster)? == [(1, "begin".into()), (2, "next".into())],
        "number them"
    );

    cluster.k("rollout undo deployment/web")?;
    settle()?;
    ensure!(
        revisions(&cluster)? == [(2, "next".into()), (3, "begin".into())],
        "number the undone one anew"
    );

    cluster.k("rollout pause deployment/web")?;
    cluster.k("set image deployment/web nginx=nginx:next")?;
    let sets = cluster.json("rs")?["items"].as_array().map(Vec::len);
    cluster.k("rollout resume deployment/web")?;
    settle()?;
    ensure!(sets == Some(2), "do nothing while paused");
    until("the resumed update is served", || {
        ensure!(get(ADDRESS, "/")? == "next\n", "the old one is");
        Ok(())
    })?;

    let before = cluster.ready_pods("app=web", 3)?;
    cluster.k("rollout restart deployment/web")?;
    settle()?;
    let after = cluster.ready_pods("app=web", 3)?;
    let is_kept = after.iter().any(|pod| {
        before
            .iter()
            .any(|old| old["metadata"]["uid"] == pod["metadata"]["uid"])
    });
    ensure!(!is_kept, "replace every pod");
    Ok(())
}

fn revisions(cluster: &Cluster<'_>) -> Result<Vec<(u32, String)>> {
    let text = cluster.k("rollout history deployment/web")?;
    let line = |line: &str| {
        let (number, cause) = line.split_once(char::is_whitespace)?;
        Some((number.parse().ok()?, cause.trim().to_owned()))
    };
    Ok(text.lines().filter_map(line).collect())
}
