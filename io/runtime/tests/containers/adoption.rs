//! Containers outlive the agent; what a shim leaves is cleaned up.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use gantry_kubelet::sandbox::{ContainerState, ExitReason, SandboxState};
use gantry_runtime::{Runtime, RuntimeError};

use crate::node::{Node, config, open};

/// An agent of its own, which starts a container and then waits to be killed.
pub(crate) async fn agent(dir: &str) {
    let runtime = open(Path::new(dir)).await;
    let node = Node::adopted(runtime.clone());
    let mut pod = config("orphan");
    pod.pod.uid = "orphan".into();
    let sandbox = runtime.run_sandbox(pod).await.unwrap().id;
    let mut main = node.script("main", "echo begun; read x; echo got $x; exit 9");
    main.stdin = true;
    main.log_path = Path::new(dir).join("orphan.log");
    let id = runtime.create(sandbox, main).await.unwrap();
    runtime.start(id).await.unwrap();
    eprintln!("started");
    std::future::pending::<()>().await;
}

pub(crate) async fn pods_outlive_the_agent(node: &Node) {
    let mut agent = Command::new(std::env::current_exe().unwrap())
        .arg("agent")
        .arg(node.dir.path())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(agent.stderr.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    assert_eq!(line, "started\n");
    agent.kill().unwrap();
    agent.wait().unwrap();
    let runtime = open(node.dir.path()).await;
    let found = runtime.list().await.unwrap();
    let orphan = found.iter().find(|s| s.id.0 == "orphan").unwrap();
    assert_eq!(orphan.state, SandboxState::Ready);
    assert_eq!(orphan.config.pod.name, "orphan");
    let id = orphan.containers[0].id.clone();
    assert!(matches!(
        orphan.containers[0].state,
        ContainerState::Running { .. }
    ));
    let attach = gantry_runtime::Attach {
        stdin: true,
        size: None,
    };
    let mut streams = runtime.attach(id.clone(), attach).await.unwrap();
    let stdin = streams.stdin.as_mut().unwrap();
    tokio::io::AsyncWriteExt::write_all(stdin, b"it\n")
        .await
        .unwrap();
    assert_eq!(streams.exit.await.unwrap(), 9);
    assert_eq!(node.output(&id).await, "begun\ngot it\n");
    assert_eq!(runtime.stop(id, Duration::ZERO).await.unwrap().code, 9);
}

pub(crate) async fn a_lost_shim_is_noticed_and_its_containers_ended(node: &Node) {
    let id = node.start(node.script("main", "sleep 1000")).await;
    let done = node.start(node.script("done", "exit 2")).await;
    node.exit(&done).await;
    let ContainerState::Running { pid, .. } = node.state(&id).await else {
        panic!("not running")
    };
    let netns = node.sandbox(&id.sandbox).await.netns.unwrap();
    let shim: i32 = netns
        .iter()
        .nth(2)
        .unwrap()
        .to_str()
        .unwrap()
        .parse()
        .unwrap();
    let changes = node.runtime.events();
    while tokio::time::timeout(Duration::from_millis(20), changes.next())
        .await
        .is_ok()
    {}
    let shim = rustix::process::Pid::from_raw(shim).unwrap();
    rustix::process::kill_process(shim, rustix::process::Signal::KILL).unwrap();
    assert_eq!(changes.next().await, id.sandbox);
    let sandbox = node.sandbox(&id.sandbox).await;
    assert_eq!(
        (sandbox.state, sandbox.netns),
        (SandboxState::NotReady, None)
    );
    let ContainerState::Exited(exit) = node.state(&id).await else {
        panic!("still running")
    };
    assert_eq!((exit.code, exit.reason), (137, Some(ExitReason::ShimGone)));
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    assert!(
        status.is_empty() || status.contains("State:\tZ"),
        "{status}"
    );
    assert_eq!(node.exit(&done).await.code, 2);
    assert!(matches!(
        node.runtime.start(id).await,
        Err(RuntimeError::ShimGone(_))
    ));
}

pub(crate) async fn a_newer_record_is_refused_and_a_torn_one_forgotten(node: &Node) {
    let pod = node.dir.path().join("state/pods/newer");
    fs::create_dir(&pod).unwrap();
    fs::write(
        pod.join("sandbox.json"),
        r#"{"version": 99, "content": {}}"#,
    )
    .unwrap();
    let refused = node.runtime.list().await.unwrap_err().to_string();
    assert!(refused.contains("version 99"), "{refused}");
    fs::write(pod.join("sandbox.json"), "").unwrap();
    assert_eq!(node.runtime.list().await.unwrap().len(), 1);
    assert!(!pod.exists());
}
