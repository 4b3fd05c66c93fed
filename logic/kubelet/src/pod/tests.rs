use expect_test::{Expect, expect};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use serde_json::json;

use super::testing::{at, container, ended, runs, world};
use super::*;
use crate::probes::Which;
use crate::sandbox::ContainerState;

fn check(world: &PodWorld, expected: &Expect) {
    expected.assert_eq(&testing::shown(world));
}

fn two() -> serde_json::Value {
    json!({"restartPolicy": "Always", "containers": [{"name": "a"}, {"name": "b"}]})
}

#[test]
fn everything_that_does_not_wait_begins_at_once() {
    let mut fresh = world(two());
    fresh.images.clear();
    fresh.volumes = Volumes::Absent;
    check(
        &fresh,
        &expect![[r#"
        Mount
        pull for a
        pull for b
        RunSandbox
    "#]],
    );
    fresh.under_way = BTreeSet::from([Task::Mount, Task::Sandbox, Task::Pull("a".to_owned())]);
    check(
        &fresh,
        &expect![[r#"
        pull for b
    "#]],
    );
}

#[test]
fn a_container_starts_when_its_own_needs_are_met() {
    let mut ready = world(two()).running(vec![]);
    ready.images.remove("a");
    ready
        .config_errors
        .insert("b".to_owned(), "secret \"x\" not found".to_owned());
    check(
        &ready,
        &expect![[r#"
        pull for a
    "#]],
    );
    ready.config_errors.clear();
    check(
        &ready,
        &expect![[r#"
        pull for a
        start b attempt=0 step=0
    "#]],
    );
    ready.volumes = Volumes::Failed {
        why: String::new(),
        retry_at: at(1005),
    };
    check(
        &ready,
        &expect![[r#"
        pull for a
        look again after 5s
    "#]],
    );
}

#[test]
fn init_containers_go_one_by_one_and_sidecars_stay() {
    let spec = json!({
        "restartPolicy": "Never",
        "initContainers": [{"name": "first"}, {"name": "side", "restartPolicy": "Always"}, {"name": "last"}],
        "containers": [{"name": "main"}],
    });
    check(
        &world(spec.clone()).running(vec![]),
        &expect![[r#"
        start first attempt=0 step=0
    "#]],
    );
    let one_done = ended("first", 0, (0, 999));
    check(
        &world(spec.clone()).running(vec![one_done.clone()]),
        &expect![[r#"
        start side attempt=0 step=0
    "#]],
    );
    check(
        &world(spec.clone()).running(vec![
            one_done.clone(),
            runs("side", 0),
            ended("last", 0, (0, 999)),
        ]),
        &expect![[r#"
            start main attempt=0 step=0
        "#]],
    );
    check(
        &world(spec.clone()).running(vec![ended("first", 0, (1, 999))]),
        &expect![[r#"
        StopSandbox
    "#]],
    );
    // When the work is done, the sidecar is not waited for.
    let done = vec![
        one_done,
        runs("side", 0),
        ended("last", 0, (0, 990)),
        ended("main", 0, (0, 999)),
    ];
    check(
        &world(spec).running(done),
        &expect![[r#"
        stop side-0 within 0ns: Stopping container side
    "#]],
    );
}

#[test]
fn restarts_wait_longer_each_time_and_are_told_of_once() {
    let spec = json!({"restartPolicy": "Always", "containers": [{"name": "a"}]});
    check(
        &world(spec.clone()).running(vec![ended("a", 0, (1, 999))]),
        &expect![[r#"
        start a attempt=1 step=1
    "#]],
    );
    check(
        &world(spec.clone()).running(vec![ended("a", 1, (1, 999))]),
        &expect![[r#"
        note BackOff: Back-off 10s restarting failed container a in pod p_n(u)
        look again after 9s
    "#]],
    );
    check(
        &world(spec.clone()).running(vec![ended("a", 3, (0, 999))]),
        &expect![[r#"
        note BackOff: Back-off 40s restarting failed container a in pod p_n(u)
        look again after 39s
    "#]],
    );
    let mut never = spec;
    never["restartPolicy"] = json!("OnFailure");
    check(
        &world(never).running(vec![ended("a", 0, (0, 999))]),
        &expect![[r#"
        StopSandbox
    "#]],
    );
}

#[test]
fn old_runs_are_forgotten_and_one_that_never_ran_is_made_anew() {
    let spec = json!({"restartPolicy": "Always", "containers": [{"name": "a"}]});
    let runs_now = vec![
        ended("a", 0, (1, 950)),
        ended("a", 1, (1, 960)),
        runs("a", 2),
    ];
    check(
        &world(spec.clone()).running(runs_now),
        &expect![[r#"
        forget a-0
    "#]],
    );
    let made = vec![container("a", 0, ContainerState::Created)];
    check(
        &world(spec).running(made),
        &expect![[r#"
        forget a-0
    "#]],
    );
}

#[test]
fn a_container_that_its_probe_gave_up_is_stopped() {
    let spec = json!({
        "restartPolicy": "Always", "terminationGracePeriodSeconds": 30, "containers": [{"name": "a"}],
    });
    let mut sick = world(spec).running(vec![runs("a", 0)]);
    for health in sick.health.values_mut() {
        health.gave_up = Some(Which::Liveness);
    }
    check(
        &sick,
        &expect![[r#"
        stop a-0 within 30s: Container a failed liveness probe, will be restarted
    "#]],
    );
}

#[test]
fn a_container_whose_image_was_changed_makes_place_for_the_new_one() {
    let spec = json!({
        "restartPolicy": "OnFailure", "terminationGracePeriodSeconds": 30,
        "containers": [{"name": "a", "image": "new"}],
    });
    check(
        &world(spec.clone()).running(vec![runs("a", 0)]),
        &expect![[r#"
        stop a-0 within 30s: Container a definition changed, will be restarted
    "#]],
    );
    check(
        &world(spec).running(vec![ended("a", 4, (143, 999))]),
        &expect![[r#"
        start a attempt=5 step=0
    "#]],
    );
}

#[test]
fn a_deleted_pod_waits_for_the_rules_then_stops_then_goes() {
    let mut going = world(two())
        .running(vec![runs("a", 0), ended("b", 0, (0, 990))])
        .deleted(999, 30);
    going.is_routed = true;
    check(
        &going,
        &expect![[r#"
        look again after 1s
    "#]],
    );
    going.is_routed = false;
    check(
        &going,
        &expect![[r#"
        stop a-0 within 29s: Stopping container a
    "#]],
    );
    going.under_way.insert(Task::Container("a".to_owned()));
    check(
        &going,
        &expect![[r#"
        stop a-0 within 29s: Stopping container a
    "#]],
    );
    let ended_all = world(two())
        .running(vec![ended("a", 0, (143, 999))])
        .deleted(999, 30);
    check(
        &ended_all,
        &expect![[r#"
        RemoveSandbox
    "#]],
    );
    let mut gone = world(two()).deleted(999, 30);
    gone.volumes = Volumes::Absent;
    check(
        &gone,
        &expect![[r#"
        Delete
    "#]],
    );
}

#[test]
fn a_pod_held_by_others_is_not_deleted_again_and_again() {
    let mut held = world(two()).deleted(999, 0).with(|pod| {
        pod.metadata.finalizers = Some(vec!["example.com/hold".to_owned()]);
    });
    held.volumes = Volumes::Absent;
    check(&held, &expect![""]);
}

#[test]
fn a_pod_that_asks_for_too_much_is_told_and_not_started() {
    let mut odd = world(two());
    odd.unsupported = vec!["volume \"data\": type nfs is not supported by this node".to_owned()];
    check(
        &odd,
        &expect![[r#"
        note Unsupported: volume "data": type nfs is not supported by this node
        look again after 300s
    "#]],
    );
}

#[test]
fn a_running_pod_that_is_asked_for_more_goes_on() {
    let mut odd = world(two()).running(vec![]);
    odd.unsupported = vec!["spec.ephemeralContainers are not supported by this node".to_owned()];
    check(
        &odd,
        &expect![[r#"
        note Unsupported: spec.ephemeralContainers are not supported by this node
        start a attempt=0 step=0
        start b attempt=0 step=0
        look again after 300s
    "#]],
    );
}

#[test]
fn a_lost_sandbox_is_replaced_and_its_containers_count_on() {
    let mut lost = world(two()).running(vec![]);
    if let Some(sandbox) = &mut lost.sandbox {
        sandbox.state = SandboxState::NotReady;
    }
    check(
        &lost,
        &expect![[r#"
        RemoveSandbox
    "#]],
    );
    let again = world(two()).running(vec![]).with(|pod| {
        pod.status = serde_json::from_value(json!({"containerStatuses": [
            {"name": "a", "containerID": "gantry://u/a-4", "restartCount": 4, "ready": false, "image": "", "imageID": ""},
        ]}))
        .unwrap();
    });
    check(
        &again,
        &expect![[r#"
        start a attempt=5 step=0
        start b attempt=0 step=0
    "#]],
    );
}

#[test]
fn a_pod_past_its_own_deadline_has_failed_and_is_stopped() {
    let spec = json!({"activeDeadlineSeconds": 60, "containers": [{"name": "a"}]});
    let started = |second: i64| {
        world(spec.clone()).running(vec![runs("a", 0)]).with(|pod| {
            let time = gantry_base::Timestamp::from_second(second).unwrap();
            pod.status.get_or_insert_default().start_time = Some(Time(time));
        })
    };
    check(
        &started(990),
        &expect![[r#"
        look again after 50s
    "#]],
    );
    check(
        &started(900),
        &expect![[r#"
        stop a-0 within 0ns: Stopping container a
    "#]],
    );
}
