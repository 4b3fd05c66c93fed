//! Processes inside containers as a terminal sees them, over both streaming protocols: the oldest
//! clients speak only SPDY, the newest prefer WebSocket.

use std::time::Duration;

use anyhow::{Context, Result, ensure};

use super::tests;
use crate::harness::{Cluster, Lab, Program, Test, until};

pub(crate) const TESTS: &[Test] = tests![
    exit_codes_come_back,
    standard_input_goes_in_and_comes_out,
    much_output_arrives_whole,
    a_terminal_is_a_terminal,
    a_command_that_is_not_there_is_told,
    logs_follow_until_the_end,
    logs_of_the_previous_container_are_kept,
];

/// A pod with a shell, and all clients.
fn each(lab: &Lab, mut test: impl FnMut(&Cluster<'_>) -> Result<()>) -> Result<()> {
    let mut cluster = lab.cluster()?;
    cluster.k("run shell --image=busybox -- sleep 3600")?;
    cluster.ready("shell")?;
    for kubectl in lab.kubectls() {
        let name = kubectl.name.clone();
        cluster = cluster.through(kubectl);
        test(&cluster).with_context(|| format!("with {name}"))?;
    }
    Ok(())
}

fn exit_codes_come_back(lab: &Lab) -> Result<()> {
    each(lab, |cluster| {
        for (command, code) in [
            ("true", 0),
            ("false", 1),
            ("exit 42", 42),
            ("kill -9 $$", 137),
        ] {
            let said = cluster
                .kubectl_program("exec shell -- sh -c")
                .arg(command)
                .run()?;
            ensure!(
                said.code() == Some(code),
                "end with {code} after `{command}`: {said:?}"
            );
        }
        let said = cluster
            .kubectl_program("exec shell -- sh -c")
            .arg("echo out; echo err >&2")
            .run()?;
        ensure!(
            said.stdout == "out\n" && said.stderr == "err\n",
            "keep them apart: {said:?}"
        );
        Ok(())
    })
}

fn standard_input_goes_in_and_comes_out(lab: &Lab) -> Result<()> {
    each(lab, |cluster| {
        let text = "line\n".repeat(20_000);
        let said = cluster.k_with("exec -i shell -- cat", &text)?;
        ensure!(
            said == text,
            "get back all {} bytes, not {}",
            text.len(),
            said.len()
        );
        Ok(())
    })
}

fn much_output_arrives_whole(lab: &Lab) -> Result<()> {
    each(lab, |cluster| {
        let said = cluster.k("exec shell -- seq 1 300000")?;
        let lines = said.lines().count();
        ensure!(
            lines == 300_000 && said.ends_with("300000\n"),
            "get all lines, not {lines}"
        );
        Ok(())
    })
}

fn a_terminal_is_a_terminal(lab: &Lab) -> Result<()> {
    each(lab, |cluster| {
        let config = cluster.kubeconfig();
        let kubectl = cluster.kubectl_line();
        // The size is told to a terminal that is there already, as in every other cluster.
        let size = "until stty size 2>/dev/null; do sleep 0.1; done";
        let inner = format!("tty; {size}; read word; echo got $word; exit 5");
        let line =
            format!("stty rows 33 cols 99; exec {kubectl} exec -it shell -- sh -c '{inner}'");
        let script = Program::new("script")
            .words("-qefc")
            .arg(line)
            .arg("/dev/null");
        let said = script
            .env("KUBECONFIG", config)
            .input("word\n")
            .patience(Duration::from_secs(20))
            .run()?;
        for part in ["/dev/pts/", "33 99", "got word"] {
            ensure!(said.stdout.contains(part), "find {part:?} in {said:?}");
        }
        ensure!(said.code() == Some(5), "end with 5: {said:?}");
        Ok(())
    })
}

fn a_command_that_is_not_there_is_told(lab: &Lab) -> Result<()> {
    each(lab, |cluster| {
        let complaint = cluster.refused("exec shell -- no-such-program", "")?;
        ensure!(
            complaint.contains("no-such-program"),
            "name it: {complaint}"
        );
        let complaint = cluster.refused("exec nobody -- true", "")?;
        ensure!(
            complaint.contains("not found"),
            "say what is missing: {complaint}"
        );
        Ok(())
    })
}

fn logs_follow_until_the_end(lab: &Lab) -> Result<()> {
    let cluster = lab.cluster()?;
    let script = "for i in 1 2 3 4 5; do echo tick $i; sleep 0.3; done";
    let run = cluster.kubectl_program("run clock --image=busybox --restart=Never -- sh -c");
    run.arg(script).run()?.ok()?;
    until("the pod has begun", || cluster.k("logs clock"))?;
    let said = cluster.k("logs -f clock")?;
    ensure!(
        said == "tick 1\ntick 2\ntick 3\ntick 4\ntick 5\n",
        "follow to the end: {said:?}"
    );
    let tail = cluster.k("logs clock --tail=2")?;
    ensure!(tail == "tick 4\ntick 5\n", "show the tail: {tail:?}");
    let stamped = cluster.k("logs clock --timestamps --tail=1")?;
    ensure!(
        stamped.contains('T') && stamped.ends_with("tick 5\n"),
        "show times: {stamped:?}"
    );
    Ok(())
}

fn logs_of_the_previous_container_are_kept(lab: &Lab) -> Result<()> {
    let cluster = lab.cluster()?;
    let script = "echo run of $(cat /proc/sys/kernel/random/uuid); sleep 1; exit 1";
    cluster
        .kubectl_program("run crash --image=busybox -- sh -c")
        .arg(script)
        .run()?
        .ok()?;
    until("the previous run's log is there", || {
        let previous = cluster.k("logs -p crash")?;
        ensure!(previous.starts_with("run of "), "{previous:?}");
        Ok(())
    })
}
