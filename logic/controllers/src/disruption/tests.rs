use serde_json::{Value, json};

use super::*;
use gantry_reconcile::sources::Source;

use crate::testing::{plan_for, put, shown};

fn budget(spec: Value, status: Value) -> Value {
    let mut budget = json!({
        "metadata": {"name": "web", "namespace": "a", "uid": "b", "generation": 2},
        "spec": {"selector": {"matchLabels": {"app": "web"}}}, "status": status,
    });
    for (field, value) in spec.as_object().unwrap() {
        budget["spec"][field] = value.clone();
    }
    budget
}

fn pod(name: &str, ready: &str) -> Value {
    json!({
        "metadata": {"name": name, "namespace": "a", "uid": name, "labels": {"app": "web"},
            "ownerReferences": [{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "rs",
                "uid": "rs", "controller": true}]},
        "spec": {"containers": []},
        "status": {"phase": "Running", "conditions": [{"type": "Ready", "status": ready}]},
    })
}

fn set(view: &mut View, replicas: i32) {
    let set = json!({"metadata": {"name": "rs", "namespace": "a", "uid": "rs"},
        "spec": {"replicas": replicas, "selector": {}}});
    put::<ReplicaSet>(view, set);
}

fn plan(view: &View) -> String {
    shown(&plan_for::<_, PodDisruptionBudget>(
        &Disruption,
        view,
        ("a", "web"),
    ))
}

/// What is told of the counts, without the condition.
fn counts(view: &View) -> String {
    let plan = plan_for::<_, PodDisruptionBudget>(&Disruption, view, ("a", "web"));
    let Some(Write::Update { object, .. }) = plan.actions.first() else {
        return "nothing".to_owned();
    };
    let count = |field: &str| object.at(&["status", field]).cloned().unwrap_or_default();
    format!(
        "{} of {} healthy, {} wanted, {} may go",
        count("currentHealthy"),
        count("expectedPods"),
        count("desiredHealthy"),
        count("disruptionsAllowed"),
    )
}

#[test]
fn what_is_more_than_wanted_may_go() {
    let mut view = View::default();
    put::<PodDisruptionBudget>(&mut view, budget(json!({"minAvailable": 2}), json!(null)));
    for name in ["x", "y", "z"] {
        put::<Pod>(&mut view, pod(name, "True"));
    }
    put::<Pod>(&mut view, pod("late", "False"));
    assert_eq!(counts(&view), "3 of 4 healthy, 2 wanted, 1 may go");
}

#[test]
fn a_share_is_one_of_what_the_owner_wants() {
    let mut view = View::default();
    let spec = json!({"maxUnavailable": "30%"});
    put::<PodDisruptionBudget>(&mut view, budget(spec, json!(null)));
    set(&mut view, 4);
    for name in ["x", "y"] {
        put::<Pod>(&mut view, pod(name, "True"));
    }
    assert_eq!(counts(&view), "2 of 4 healthy, 2 wanted, 0 may go");
}

#[test]
fn nothing_may_go_when_nobody_knows_how_many_there_should_be() {
    let mut view = View::default();
    let spec = json!({"maxUnavailable": 1});
    put::<PodDisruptionBudget>(&mut view, budget(spec, json!(null)));
    put::<Pod>(&mut view, pod("x", "True"));
    let text = plan(&view);
    assert!(text.contains(r#""reason":"SyncFailed""#), "{text}");
    assert!(text.contains("found no controllers for pod"), "{text}");
    assert!(
        text.contains("note CalculateExpectedPodCountFailed"),
        "{text}"
    );
}

#[test]
fn of_a_set_that_is_not_there_yet_nothing_may_go() {
    let mut view = View::default();
    let spec = json!({"maxUnavailable": 1});
    put::<PodDisruptionBudget>(&mut view, budget(spec, json!(null)));
    assert_eq!(counts(&view), "0 of 0 healthy, 0 wanted, 0 may go");
}

#[test]
fn who_was_evicted_counts_as_gone_until_it_is_seen_going_or_has_stayed_too_long() {
    let mut view = View::default();
    let evicted = |when: &str| {
        json!({"disruptedPods": {"x": when}, "currentHealthy": 0, "desiredHealthy": 0,
            "expectedPods": 0, "disruptionsAllowed": 0})
    };
    for name in ["x", "y"] {
        put::<Pod>(&mut view, pod(name, "True"));
    }
    let spec = json!({"minAvailable": 1});
    let just_now = budget(spec.clone(), evicted("2026-01-01T11:59:00Z"));
    put::<PodDisruptionBudget>(&mut view, just_now);
    assert_eq!(counts(&view), "1 of 2 healthy, 1 wanted, 0 may go");
    assert!(plan(&view).ends_with("recheck in 61s\n"));
    let long_ago = budget(spec, evicted("2026-01-01T11:00:00Z"));
    put::<PodDisruptionBudget>(&mut view, long_ago);
    assert_eq!(counts(&view), "2 of 2 healthy, 1 wanted, 1 may go");
    assert!(plan(&view).contains("note NotDeleted"));
}

#[test]
fn a_budget_that_is_right_is_left_alone() {
    let mut view = View::default();
    let right = json!({"observedGeneration": 2, "disruptionsAllowed": 0, "currentHealthy": 1,
        "desiredHealthy": 1, "expectedPods": 1, "conditions": [{"type": "DisruptionAllowed",
            "status": "False", "reason": "InsufficientPods", "message": "",
            "observedGeneration": 2, "lastTransitionTime": "2026-01-01T11:00:00Z"}]});
    put::<PodDisruptionBudget>(&mut view, budget(json!({"minAvailable": 1}), right));
    put::<Pod>(&mut view, pod("x", "True"));
    assert_eq!(plan(&view), "\n");
}

#[test]
fn only_those_who_make_pods_that_a_budget_means_concern_it() {
    let mut view = View::default();
    put::<PodDisruptionBudget>(&mut view, budget(json!({"minAvailable": 1}), json!(null)));
    let concerned = |app: &str| {
        let mut view = view.clone();
        let set = json!({"metadata": {"name": "rs", "namespace": "a"}, "spec": {"selector": {},
            "template": {"metadata": {"labels": {"app": app}}}}});
        put::<ReplicaSet>(&mut view, set);
        let sources = Disruption.sources();
        let of_sets = |source: &&Source| source.watched.resource.resource == "replicasets";
        let source = sources.as_slice().iter().find(of_sets).unwrap();
        let sets = view.of(&source.watched.resource);
        sets.flat_map(|set| (source.keys)(set.as_ref(), &view))
            .count()
    };
    assert_eq!(concerned("web"), 1);
    assert_eq!(concerned("other"), 0);
}
