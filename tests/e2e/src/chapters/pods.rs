//! What happens to single pods: crashes, probes, limits, init containers, imported images.

use std::time::Duration;

use anyhow::{Result, ensure};

use super::tests;
use crate::harness::{Lab, Test, until, within};

pub(crate) const TESTS: &[Test] = tests![
    a_crashed_container_is_restarted_with_back_off,
    a_failing_liveness_probe_restarts_the_container,
    too_much_memory_is_killed_and_told,
    init_containers_run_one_after_the_other_before_the_rest,
    an_imported_image_needs_no_registry,
    a_graceful_end_lets_the_program_finish,
    a_python_program_runs_to_its_end,
    a_pod_that_fits_nowhere_says_why,
];

fn a_crashed_container_is_restarted_with_back_off(lab: &Lab) -> Result<()> {
    let cluster = lab.cluster()?;
    cluster.k("run crash --image=busybox -- sh -c false")?;
    within(Duration::from_secs(90), "the back-off is shown", || {
        let pod = cluster.json("pod crash")?;
        let status = &pod["status"]["containerStatuses"][0];
        let restarts = status["restartCount"].as_u64().unwrap_or_default();
        ensure!(
            2 <= restarts && status["state"]["waiting"]["reason"] == "CrashLoopBackOff",
            "{status}"
        );
        Ok(())
    })
}

const FRAIL: &str = "\
apiVersion: v1
kind: Pod
metadata: {name: frail}
spec:
  containers:
  - name: only
    image: busybox
    command: [sh, -c, 'touch /tmp/well; sleep 3; rm /tmp/well; sleep 600']
    livenessProbe:
      exec: {command: [cat, /tmp/well]}
      periodSeconds: 1
      failureThreshold: 1
    terminationGracePeriodSeconds: 1
";

fn a_failing_liveness_probe_restarts_the_container(lab: &Lab) -> Result<()> {
    let cluster = lab.cluster()?;
    // The grace period belongs to the pod; the beginner's place for it is refused.
    let complaint = cluster.refused("create -f -", FRAIL)?;
    ensure!(
        complaint.contains("terminationGracePeriodSeconds"),
        "name the field: {complaint}"
    );
    let right = FRAIL.replace(
        "    terminationGracePeriodSeconds: 1",
        "  terminationGracePeriodSeconds: 1",
    );
    cluster.k_with("create -f -", &right)?;
    until("the container was restarted", || {
        let pod = cluster.json("pod frail")?;
        let restarts = pod["status"]["containerStatuses"][0]["restartCount"].as_u64();
        ensure!(
            restarts.is_some_and(|restarts| 1 <= restarts),
            "{}",
            pod["status"]
        );
        Ok(())
    })?;
    let events = cluster.k("get events")?;
    ensure!(events.contains("Unhealthy"), "tell of the probe: {events}");
    Ok(())
}

const HUNGRY: &str = "\
apiVersion: v1
kind: Pod
metadata: {name: hungry}
spec:
  restartPolicy: Never
  containers:
  - name: only
    image: busybox
    command: [tail, /dev/zero]
    resources: {limits: {memory: 16Mi, cpu: 500m}}
";

fn too_much_memory_is_killed_and_told(lab: &Lab) -> Result<()> {
    let cluster = lab.cluster()?;
    cluster.k_with("create -f -", HUNGRY)?;
    cluster.ended("hungry")?;
    let pod = cluster.json("pod hungry")?;
    let end = &pod["status"]["containerStatuses"][0]["state"]["terminated"];
    ensure!(
        end["reason"] == "OOMKilled" && end["exitCode"] == 137,
        "tell why: {end}"
    );
    Ok(())
}

const PREPARED: &str = "\
apiVersion: v1
kind: Pod
metadata: {name: prepared}
spec:
  restartPolicy: Never
  volumes: [{name: work, emptyDir: {}}]
  initContainers:
  - {name: first, image: busybox, command: [sh, -c, 'echo one >> /shared/steps'], volumeMounts: [{name: work, mountPath: /shared}]}
  - {name: second, image: busybox, command: [sh, -c, 'echo two >> /shared/steps'], volumeMounts: [{name: work, mountPath: /shared}]}
  containers:
  - {name: last, image: busybox, command: [cat, /shared/steps], volumeMounts: [{name: work, mountPath: /shared}]}
";

fn init_containers_run_one_after_the_other_before_the_rest(lab: &Lab) -> Result<()> {
    let cluster = lab.cluster()?;
    cluster.k_with("create -f -", PREPARED)?;
    ensure!(cluster.ended("prepared")? == "Succeeded", "end well");
    let steps = cluster.k("logs prepared")?;
    ensure!(steps == "one\ntwo\n", "go step by step: {steps:?}");
    Ok(())
}

fn an_imported_image_needs_no_registry(lab: &Lab) -> Result<()> {
    let cluster = lab.cluster()?;
    let archive = lab.archive("busybox:1.35");
    let said = cluster
        .gantry(&format!("image import {}", archive.display()))?
        .ok()?;
    ensure!(
        said.contains("busybox:1.35"),
        "say what was imported: {said}"
    );
    let list = cluster.gantry("image ls")?.ok()?;
    ensure!(list.contains("busybox:1.35"), "list it: {list}");
    let run = "run tools --image=busybox:1.35 --image-pull-policy=Never --restart=Never";
    cluster.k(&format!("{run} -- echo hello"))?;
    ensure!(cluster.ended("tools")? == "Succeeded", "end well");
    ensure!(cluster.k("logs tools")? == "hello\n", "say hello");
    cluster.gantry("image pull redis")?.ok()?;
    cluster.k("delete pod tools")?;
    cluster.gantry("image rm busybox:1.35")?.ok()?;
    let list = cluster.gantry("image ls")?.ok()?;
    ensure!(
        !list.contains("1.35") && list.contains("redis"),
        "forget one, keep the other: {list}"
    );
    Ok(())
}

fn a_graceful_end_lets_the_program_finish(lab: &Lab) -> Result<()> {
    let cluster = lab.cluster()?;
    let script =
        "trap 'echo asked; sleep 1; echo done; exit 0' TERM; while true; do sleep 0.1; done";
    let run = cluster
        .kubectl_program("run polite --image=busybox -- sh -c")
        .arg(script);
    run.run()?.ok()?;
    cluster.ready("polite")?;
    let mut logs = cluster.kubectl_program("logs -f polite").start()?;
    cluster.k("delete pod polite")?;
    let said = logs.said()?;
    ensure!(
        said.contains("asked") && said.contains("done"),
        "let it finish: {said:?}"
    );
    Ok(())
}

fn a_python_program_runs_to_its_end(lab: &Lab) -> Result<()> {
    let cluster = lab.cluster()?;
    let run = cluster.kubectl_program("run sum --image=python:3.8 --restart=Never -- python3 -c");
    run.arg("print(sum(range(10)))").run()?.ok()?;
    ensure!(cluster.ended("sum")? == "Succeeded", "end well");
    ensure!(cluster.k("logs sum")? == "45\n", "add up");
    Ok(())
}

const DEMANDING: &str = "\
apiVersion: v1
kind: Pod
metadata: {name: demanding}
spec:
  containers:
  - {name: only, image: busybox, resources: {requests: {cpu: '1000'}}}
";

fn a_pod_that_fits_nowhere_says_why(lab: &Lab) -> Result<()> {
    let cluster = lab.cluster()?;
    cluster.k_with("create -f -", DEMANDING)?;
    until("the event tells why", || {
        let text = cluster.k("describe pod demanding")?;
        ensure!(
            text.contains("FailedScheduling") && text.contains("Insufficient cpu"),
            "{text}"
        );
        Ok(())
    })
}
