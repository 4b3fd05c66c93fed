use std::time::Duration;

use expect_test::expect;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use serde_json::json;

use super::testing::*;
use super::*;
use crate::probes::Which;
use crate::sandbox::{ContainerId, SandboxId, SandboxState};

fn one_container() -> Pod {
    pod(json!({"containers": [{"name": "c", "image": "i"}]}))
}

fn step(key: &PodRef, action: PodAction) -> Step {
    Step {
        key: key.clone(),
        pod: None,
        action,
    }
}

fn stop(key: &PodRef, id: &ContainerId, seconds: u64) -> Step {
    let action = PodAction::Stop {
        container: id.clone(),
        grace: Duration::from_secs(seconds),
        because: String::new(),
    };
    step(key, action)
}

fn task(begun: Begun) -> Mark {
    let Begun::Task(mark) = begun else {
        panic!("{begun:?}");
    };
    mark
}

fn shown(begun: &Begun) -> String {
    match begun {
        Begun::Task(_) => "task".to_owned(),
        Begun::Sooner { grace, .. } => format!("sooner, within {grace:?}"),
        Begun::Nothing => "nothing".to_owned(),
        Begun::Tell(note) => note.message.clone(),
    }
}

fn delete(node: &mut Node, key: &PodRef) {
    let now = node.now;
    node.change(key, |pod| {
        pod.metadata.deletion_timestamp = Some(Time(now));
        pod.metadata.deletion_grace_period_seconds = Some(0);
    });
}

#[test]
fn a_pod_is_brought_up_and_its_end_leaves_nothing() {
    let mut node = Node::new();
    let key = node.put(one_container());
    node.settle(&key);
    let status = find(&node.view, &key).unwrap().status.clone().unwrap();
    assert_eq!(status.phase.as_deref(), Some("Running"));
    assert_eq!(status.pod_ip.as_deref(), Some("10.244.0.2"));
    delete(&mut node, &key);
    node.settle(&key);
    expect![[r#"
        Mount
        Pull
        RunSandbox
        Report
        Start
        Report
        Report
        Stop
        RemoveSandbox
        Report
        Delete
        RemoveSandbox
    "#]]
    .assert_eq(&node.told);
    assert!(node.state.pods().is_empty());
    assert!(node.hollow.list().is_empty());
}

#[test]
fn a_stop_is_passed_on_only_when_it_ends_clearly_sooner() {
    let mut node = Node::new();
    let key = node.put(one_container());
    node.settle(&key);
    let id = container("c", 0);
    let first = task(node.state.begin(&stop(&key, &id, 30), at(0)));
    let mut begun = Vec::new();
    for (seconds, now) in [(30, 1), (10, 1), (10, 2), (9, 2), (0, 3), (0, 3)] {
        begun.push(shown(&node.state.begin(&stop(&key, &id, seconds), at(now))));
    }
    assert_eq!(
        begun,
        [
            "nothing",
            "sooner, within 10s",
            "nothing",
            "nothing",
            "sooner, within 0ns",
            "nothing"
        ]
    );
    node.state.ended(&first, true, at(4));
    assert_eq!(shown(&node.state.begin(&stop(&key, &id, 0), at(4))), "task");
}

#[test]
fn a_container_whose_hook_still_runs_is_stopped_within_its_start() {
    let mut state = state();
    let key = reference_of("p");
    let id = container("c", 0);
    let start = PodAction::Start {
        container: "c".to_owned(),
        attempt: 0,
        step: 0,
    };
    let started = task(state.begin(&step(&key, start), at(0)));
    let stopped = task(state.begin(&stop(&key, &id, 1), at(0)));
    let running = |state: &State| state.pods()[&key].under_way.len();
    state.ended(&stopped, true, at(1));
    assert_eq!(running(&state), 1, "the start is not over");
    state.ended(&started, true, at(1));
    assert_eq!(running(&state), 0);
}

fn reference_of(name: &str) -> PodRef {
    PodRef {
        namespace: "n".to_owned(),
        name: name.to_owned(),
        uid: "u".to_owned(),
    }
}

#[test]
fn what_failed_is_begun_again_only_after_a_while() {
    let mut node = Node::new();
    let key = node.put(one_container());
    let run = step(&key, PodAction::RunSandbox);
    let mark = task(node.state.begin(&run, node.now));
    assert_eq!(shown(&node.state.begin(&run, node.now)), "nothing");
    node.state.ended(&mark, false, node.now);
    let seen = node
        .state
        .observe(&node.around, (&node.view, true), &key, node.now);
    let plan = decide(&seen.unwrap().turn);
    assert!(
        !plan
            .actions
            .iter()
            .any(|step| step.action == PodAction::RunSandbox)
    );
    assert_eq!(plan.recheck, Some(Duration::from_millis(500)));
}

#[test]
fn a_container_that_started_while_its_agent_was_away_keeps_its_health() {
    let probe = json!({"periodSeconds": 5});
    let spec = json!({"containers": [{"name": "c", "image": "i", "readinessProbe": probe}]});
    let mut node = Node::new();
    let key = node.put(pod(spec));
    node.settle(&key);
    let id = container("c", 0);
    assert_eq!(
        node.state.probed(&id, (Which::Readiness, true), node.now),
        Some(true)
    );
    node.settle(&key);

    node.state = state();
    node.state.adopt(&node.hollow.list());
    node.look(&key);
    let around = node.around.clone();
    let mut observe = || {
        node.state
            .observe(&around, (&node.view, true), &key, node.now)
    };
    let first = observe().unwrap();
    assert_eq!(first.resumed.len(), 1);
    assert!(first.turn.world.as_ref().unwrap().health[&id].ready);
    assert!(
        observe().unwrap().resumed.is_empty(),
        "it is asked by one only"
    );
    let plan = decide(&first.turn);
    let reports =
        |step: &&Step| matches!(step.action, PodAction::Report(_) | PodAction::Start { .. });
    assert_eq!(plan.actions.iter().find(reports), None);
}

#[test]
fn a_container_that_runs_although_its_start_failed_is_asked_how_it_is() {
    let spec = json!({"containers": [{"name": "c", "image": "i", "readinessProbe": {}}]});
    let mut node = Node::new();
    let key = node.put(pod(spec));
    node.settle(&key);
    let why = (StartFailure::Other, "no answer in time".to_owned());
    assert!(!node.state.not_started(&key, "c", why));
    let around = node.around.clone();
    let observed = node
        .state
        .observe(&around, (&node.view, true), &key, node.now);
    let resumed = observed.unwrap().resumed;
    assert_eq!(resumed.len(), 1);
    assert!(
        node.state
            .probes_due(&container("c", 0), node.now)
            .is_some()
    );
}

#[test]
fn an_adopted_pod_keeps_its_address_and_nobody_else_gets_it() {
    let mut node = Node::new();
    let key = node.put(one_container());
    node.settle(&key);
    node.state = state();
    node.state.adopt(&node.hollow.list());
    let other: Pod = serde_json::from_value(json!({
        "metadata": {"name": "q", "namespace": "n", "uid": "v"},
        "spec": {"containers": [{"name": "c", "image": "i"}]},
    }))
    .unwrap();
    let other = node.put(other);
    node.settle(&other);
    let address = |key| node.state.pods()[key].address.unwrap().to_string();
    assert_eq!(
        [address(&key), address(&other)],
        ["10.244.0.2", "10.244.0.3"]
    );
}

#[test]
fn an_address_that_was_given_back_is_not_adopted() {
    let mut node = Node::new();
    let key = node.put(one_container());
    node.settle(&key);
    node.hollow
        .stop_sandbox(&SandboxId("u".to_owned()), node.now);
    assert_eq!(node.hollow.list()[0].state, SandboxState::NotReady);
    node.state = state();
    node.state.adopt(&node.hollow.list());
    node.look(&key);
    assert_eq!(node.state.pods()[&key].address, None);
}

#[test]
fn traces_are_cleared_once() {
    let mut node = Node::new();
    let key = node.put(one_container());
    node.settle(&key);
    node.view = View::default();
    let around = node.around.clone();
    let observe =
        |state: &mut State| state.observe(&around, (&View::default(), true), &key, at(2000));
    let plan = decide(&observe(&mut node.state).unwrap().turn);
    assert_eq!(plan.actions, [step(&key, PodAction::RemoveSandbox)]);
    let mark = task(node.state.begin(&plan.actions[0], at(2000)));
    assert!(observe(&mut node.state).is_none(), "it is being done");
    node.hollow.remove_sandbox(&SandboxId("u".to_owned()));
    node.state.sandbox_removed(&key, None);
    node.state.ended(&mark, true, at(2001));
    assert!(observe(&mut node.state).is_none(), "it is done");
    assert!(!node.state.saw(&key, None));
    assert!(node.state.pods().is_empty());
}

#[test]
fn a_sandbox_that_is_being_made_is_not_seen() {
    let mut node = Node::new();
    let key = node.put(one_container());
    let mark = task(
        node.state
            .begin(&step(&key, PodAction::RunSandbox), node.now),
    );
    let pod = find(&node.view, &key).unwrap();
    let config = node
        .state
        .sandbox_config(&key, &pod, &crate::sandbox_config::Names::default());
    let sandbox = node.hollow.run_sandbox(config.unwrap(), node.now);
    assert!(!node.state.saw(&key, Some(sandbox.clone())));
    node.state.made(&key);
    assert!(node.state.saw(&key, Some(sandbox)));
    node.state.ended(&mark, true, node.now);
}

#[test]
fn nothing_is_missing_before_it_is_known_what_there_is() {
    let from = json!([{"configMapRef": {"name": "map"}}]);
    let spec = json!({"containers": [{"name": "c", "image": "i", "envFrom": from}]});
    let mut node = Node::new();
    let key = node.put(pod(spec));
    for (are_known, errors) in [(false, 0), (true, 1)] {
        let view = (&node.view, are_known);
        let seen = node.state.observe(&node.around, view, &key, node.now);
        assert_eq!(
            seen.unwrap().turn.world.unwrap().config_errors.len(),
            errors
        );
    }
}

#[test]
fn directories_of_pods_that_the_api_forgot_are_looked_at() {
    let mut node = Node::new();
    let key = node.put(one_container());
    let left = BTreeSet::from(["gone".to_owned(), "u".to_owned()]);
    let keys = node.state.adopt_directories(left.clone(), &node.view);
    assert_eq!(keys[0].uid, "gone");
    assert_eq!(keys[1], key);
    assert!(node.state.adopt_directories(left, &node.view).is_empty());
}

#[test]
fn what_a_container_could_not_have_is_told_until_it_is_tried_again() {
    let mut node = Node::new();
    let key = node.put(one_container());
    node.settle(&key);
    let why = || "the disk is full".to_owned();
    assert!(
        node.state
            .not_started(&key, "c", (StartFailure::Program, why()))
    );
    assert!(node.state.pods()[&key].start_errors.is_empty());
    assert!(
        !node
            .state
            .not_started(&key, "c", (StartFailure::Image, why()))
    );
    let known = &node.state.pods()[&key];
    assert!(known.images.is_empty(), "it is looked for again");
    assert_eq!(known.start_errors["c"], "the disk is full");
}

#[test]
fn pods_that_nothing_leads_to_any_more_are_looked_at() {
    let mut node = Node::new();
    let key = node.put(one_container());
    node.settle(&key);
    let address = node.state.pods()[&key].address.unwrap();
    assert!(node.state.route(BTreeSet::from([address])).is_empty());
    assert!(node.state.route(BTreeSet::from([address])).is_empty());
    assert_eq!(node.state.route(BTreeSet::new()), [key]);
}
