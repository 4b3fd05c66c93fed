use expect_test::{Expect, expect};
use k8s_openapi::api::core::v1::ContainerState as State;
use serde_json::{Value, json};

use super::*;
use crate::pod::Image;
use crate::pod::testing::{at, ended, runs, world};

fn one(policy: &str) -> Value {
    json!({"restartPolicy": policy, "containers": [{"name": "a", "image": "web"}]})
}

fn state(state: Option<&State>) -> String {
    let Some(state) = state else {
        return "-".to_owned();
    };
    if let Some(waiting) = &state.waiting {
        let message = waiting.message.as_deref().unwrap_or("");
        return format!(
            "waiting {} {message}",
            waiting.reason.as_deref().unwrap_or("")
        );
    }
    match &state.terminated {
        Some(ended) => format!(
            "ended {} {}",
            ended.exit_code,
            ended.reason.as_deref().unwrap_or("")
        ),
        None => "running".to_owned(),
    }
}

fn shown(world: &PodWorld) -> String {
    let status = status(world);
    let holds = |condition: &k8s_openapi::api::core::v1::PodCondition| {
        format!(" {}={}", condition.type_, condition.status)
    };
    let conditions: String = status.conditions.iter().flatten().map(holds).collect();
    let mut text = format!("{}{conditions}\n", status.phase.as_deref().unwrap_or(""));
    let init = status.init_container_statuses.iter().flatten();
    for container in init.chain(status.container_statuses.iter().flatten()) {
        text.push_str(&format!(
            "{} restarts={} ready={} {} / {}\n",
            container.name,
            container.restart_count,
            container.ready,
            state(container.state.as_ref()).trim_end(),
            state(container.last_state.as_ref()),
        ));
    }
    text
}

fn check(world: &PodWorld, expected: &Expect) {
    expected.assert_eq(&shown(world));
}

#[test]
fn every_container_has_a_state_from_the_first_status_on() {
    let mut spec = one("Always");
    spec["initContainers"] = json!([{"name": "i"}]);
    check(
        &world(spec),
        &expect![[r#"
        Pending PodReadyToStartContainers=False Initialized=False Ready=False ContainersReady=False
        i restarts=0 ready=false waiting ContainerCreating / -
        a restarts=0 ready=false waiting PodInitializing / -
    "#]],
    );
}

#[test]
fn a_running_pod_is_ready_when_its_containers_and_gates_are() {
    let mut spec = one("Always");
    check(
        &world(spec.clone()).running(vec![runs("a", 0)]),
        &expect![[r#"
        Running PodReadyToStartContainers=True Initialized=True Ready=True ContainersReady=True
        a restarts=0 ready=true running / -
    "#]],
    );
    spec["readinessGates"] = json!([{"conditionType": "example.com/gate"}]);
    check(
        &world(spec).running(vec![runs("a", 0)]),
        &expect![[r#"
        Running PodReadyToStartContainers=True Initialized=True Ready=False ContainersReady=True
        a restarts=0 ready=true running / -
    "#]],
    );
}

#[test]
fn a_crash_shows_its_back_off_and_how_it_ended() {
    check(
        &world(one("Always")).running(vec![ended("a", 1, (3, 999))]),
        &expect![[r#"
        Running PodReadyToStartContainers=True Initialized=True Ready=False ContainersReady=False
        a restarts=1 ready=false waiting CrashLoopBackOff back-off 10s restarting failed container=a pod=p_n(u) / ended 3 Error
    "#]],
    );
}

#[test]
fn a_pod_that_is_done_succeeds_or_fails_for_good() {
    check(
        &world(one("Never")).running(vec![ended("a", 0, (0, 999))]),
        &expect![[r#"
        Succeeded PodReadyToStartContainers=True Initialized=True Ready=False ContainersReady=False
        a restarts=0 ready=false ended 0 Completed / -
    "#]],
    );
    let failed = world(one("Never")).running(vec![ended("a", 0, (2, 999))]);
    check(
        &failed,
        &expect![[r#"
        Failed PodReadyToStartContainers=True Initialized=True Ready=False ContainersReady=False
        a restarts=0 ready=false ended 2 Error / -
    "#]],
    );
    // What was said last stays when nothing is left to look at.
    let told = status(&failed);
    let after = world(one("Never")).with(|pod| pod.status = Some(told));
    check(
        &after,
        &expect![[r#"
        Failed PodReadyToStartContainers=False Initialized=True Ready=False ContainersReady=False
        a restarts=0 ready=false ended 2 Error / -
    "#]],
    );
}

#[test]
fn an_image_that_cannot_be_had_is_first_an_error_then_a_back_off() {
    let mut lacks = world(one("Always"));
    let image = Image::Failed {
        reason: "ErrImagePull".to_owned(),
        why: "no such host".to_owned(),
        retry_at: at(1010),
    };
    lacks.images.insert("a".to_owned(), image);
    check(
        &lacks,
        &expect![[r#"
        Pending PodReadyToStartContainers=False Initialized=True Ready=False ContainersReady=False
        a restarts=0 ready=false waiting ErrImagePull no such host / -
    "#]],
    );
    let told = status(&lacks);
    check(
        &lacks.with(|pod| pod.status = Some(told)),
        &expect![[r#"
        Pending PodReadyToStartContainers=False Initialized=True Ready=False ContainersReady=False
        a restarts=0 ready=false waiting ImagePullBackOff Back-off pulling image "web": ErrImagePull: no such host / -
    "#]],
    );
}

#[test]
fn a_container_that_vanished_is_said_to_have_ended_somehow() {
    let told = status(&world(one("Always")).running(vec![runs("a", 2)]));
    let after = world(one("Always")).with(|pod| pod.status = Some(told));
    check(
        &after,
        &expect![[r#"
        Running PodReadyToStartContainers=False Initialized=True Ready=False ContainersReady=False
        a restarts=2 ready=false waiting ContainerCreating / ended 137 ContainerStatusUnknown
    "#]],
    );
}

#[test]
fn equal_worlds_have_equal_statuses_and_conditions_of_others_stay() {
    let before = world(one("Always"))
        .running(vec![runs("a", 0)])
        .with(|pod| {
            pod.status = serde_json::from_value(json!({"conditions": [
                {"type": "PodScheduled", "status": "True"},
            ]}))
            .unwrap();
        });
    let first = status(&before);
    let mut later = before.with(|pod| pod.status = Some(first.clone()));
    later.now = at(2000);
    assert_eq!(status(&later), first);
    assert_eq!(first.conditions.unwrap()[0].type_, "PodScheduled");
}
