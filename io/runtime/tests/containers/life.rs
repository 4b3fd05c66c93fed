//! Containers begin and end.

use std::time::{Duration, Instant};

use gantry_kubelet::sandbox::{ContainerConfig, ContainerState, ExitReason};
use gantry_runtime::{Runtime, RuntimeError};

use crate::node::{Node, config};

pub(crate) async fn a_program_runs_and_its_exit_and_output_are_kept(node: &Node) {
    let script = "echo out; echo err >&2; cat /etc/hostname /etc/resolv.conf; echo $HOSTNAME $A; \
                  exit 3";
    let mut config = node.script("main", script);
    config.env = vec![("A".into(), "b".into())];
    let (exit, output) = node.finish(config).await;
    assert_eq!((exit.code, exit.signal, exit.oom_killed), (3, None, false));
    for line in ["out", "err", "web", "nameserver 10.96.0.10", "web b"] {
        assert!(output.lines().any(|l| l == line), "{line:?} in {output}");
    }
}

pub(crate) async fn what_an_image_lacks_is_a_start_error(node: &Node) {
    let mut config = node.script("main", "");
    config.command = vec!["no-such-program".into()];
    let id = node
        .runtime
        .create(node.sandbox.clone(), config)
        .await
        .unwrap();
    let refused = node.runtime.start(id.clone()).await.unwrap_err();
    let RuntimeError::Start(failure) = refused else {
        panic!("{refused:?}")
    };
    assert!(failure.why.contains("not found"), "{failure}");
    let ContainerState::Exited(exit) = node.state(&id).await else {
        panic!("it runs")
    };
    assert_eq!(
        (exit.code, exit.reason),
        (128, Some(ExitReason::StartError))
    );
    assert!(exit.message.contains("no-such-program"), "{}", exit.message);
    let mut config = node.script("other", "");
    config.image_id = "unknown".into();
    let refused = node
        .runtime
        .create(node.sandbox.clone(), config)
        .await
        .unwrap_err();
    assert!(matches!(refused, RuntimeError::Image { .. }));
}

pub(crate) async fn stopping_asks_first_and_insists_later(node: &Node) {
    let polite = "trap 'echo bye; exit 5' TERM; echo ready; while true; do sleep 0.05; done";
    let id = node.start(node.script("polite", polite)).await;
    node.wrote(&id, "ready").await;
    let exit = node
        .runtime
        .stop(id.clone(), Duration::from_secs(20))
        .await
        .unwrap();
    assert_eq!(exit.code, 5);
    assert_eq!(node.runtime.stop(id, Duration::ZERO).await.unwrap(), exit);

    let id = node
        .start(node.script("stubborn", "trap '' TERM; echo ready; sleep 1000"))
        .await;
    node.wrote(&id, "ready").await;
    let begun = Instant::now();
    let exit = node
        .runtime
        .stop(id.clone(), Duration::from_millis(100))
        .await
        .unwrap();
    assert_eq!((exit.code, exit.signal), (137, Some(9)));
    assert!(begun.elapsed() >= Duration::from_millis(100));
    node.runtime.remove(id.clone()).await.unwrap();
    node.runtime.remove(id).await.unwrap();
}

pub(crate) async fn two_containers_share_network_and_memory_but_not_processes(node: &Node) {
    let script = "echo shared > /dev/shm/note; nc -l -p 8080 -e echo hello & sleep 1000";
    let one = node.start(node.script("one", script)).await;
    let two = node.start(node.script("two", "sleep 1000")).await;
    let read = "until cat /dev/shm/note; do :; done; until nc 127.0.0.1 8080; do :; done; hostname";
    let (code, output) = node.exec(&two, &format!("({read}) 2>/dev/null")).await;
    assert_eq!((code, output.as_str()), (0, "shared\nhello\nweb\n"));
    let (_, processes) = node.exec(&two, "ps").await;
    assert!(!processes.contains("nc -l"), "{processes}");
    drop(one);
}

pub(crate) async fn processes_are_shared_when_asked_for(node: &Node) {
    let mut shared = config("shared");
    shared.share_process_namespace = true;
    let sandbox = node.runtime.run_sandbox(shared).await.unwrap().id;
    for (name, seconds) in [("one", "1001"), ("two", "1002")] {
        let config = node.script(name, &format!("exec sleep {seconds}"));
        let id = node.runtime.create(sandbox.clone(), config).await.unwrap();
        node.runtime.start(id).await.unwrap();
    }
    let id = node.script("two", "").id(sandbox.clone());
    let (_, processes) = node
        .exec(&id, "until ps | grep -q 'sleep 1001'; do :; done; ps")
        .await;
    assert!(
        processes.contains("sleep 1001") && processes.contains("sleep 1002"),
        "{processes}"
    );
    let exit = node.runtime.stop(id, Duration::ZERO).await.unwrap();
    assert_eq!(exit.code, 137);
    let one = node.script("one", "").id(sandbox.clone());
    assert!(matches!(
        node.state(&one).await,
        ContainerState::Running { .. }
    ));
    node.runtime.remove_sandbox(sandbox).await.unwrap();
}

pub(crate) async fn the_last_words_of_a_container_are_kept(node: &Node) {
    let (exit, _) = node
        .finish(node.script("main", "echo why > /dev/termination-log; exit 1"))
        .await;
    assert_eq!(exit.message, "why\n");
}

pub(crate) async fn nothing_is_left_behind(node: &Node) {
    let id = node
        .start(node.script("main", "sleep 1000 & sleep 1000"))
        .await;
    let sandbox = node.sandbox(&id.sandbox).await;
    let netns = sandbox.netns.unwrap();
    assert!(netns.exists());
    node.runtime
        .remove_sandbox(id.sandbox.clone())
        .await
        .unwrap();
    assert!(!netns.exists());
    assert_eq!(node.runtime.list().await.unwrap(), []);
    node.runtime.remove_sandbox(id.sandbox).await.unwrap();
}

pub(crate) async fn creating_and_starting_is_quick(node: &Node) {
    let mut times = Vec::new();
    for n in 0..15 {
        let config: ContainerConfig = node.script(&format!("c{n}"), "exec sleep 1000");
        let begun = Instant::now();
        node.start(config).await;
        times.push(begun.elapsed());
    }
    let begun = Instant::now();
    let other = node.runtime.run_sandbox(config("second")).await.unwrap();
    let sandbox = begun.elapsed();
    node.runtime.remove_sandbox(other.id).await.unwrap();
    times.sort();
    eprintln!(
        "   sandbox {sandbox:?}, container median {:?}, worst {:?}",
        times[7], times[14]
    );
}
