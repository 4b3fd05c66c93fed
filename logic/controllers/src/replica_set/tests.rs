use expect_test::{Expect, expect};
use serde_json::{Value, json};

use std::sync::Arc;

use gantry_api::ObjectKey;
use gantry_reconcile::{Controller, Reconciler, View, Write};
use k8s_openapi::api::core::v1::Pod;

use super::*;
use crate::testing::{now, object, plan_for, put, shown};

fn set(replicas: i32) -> View {
    let mut view = View::default();
    put::<ReplicaSet>(
        &mut view,
        json!({
            "metadata": {"name": "web", "namespace": "default", "uid": "rs", "generation": 2},
            "spec": {
                "replicas": replicas,
                "selector": {"matchLabels": {"app": "web"}},
                "template": {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": []}},
            },
        }),
    );
    view
}

fn pod(name: &str, owner: Option<&str>, status: Value) -> Value {
    let owners = owner.map(|uid| {
        json!([{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "web", "uid": uid, "controller": true}])
    });
    json!({
        "metadata": {
            "name": name, "namespace": "default", "uid": name, "resourceVersion": "7",
            "labels": {"app": "web"}, "ownerReferences": owners,
        },
        "spec": {"containers": [], "nodeName": "n"},
        "status": status,
    })
}

fn ready(since: &str) -> Value {
    json!({
        "phase": "Running",
        "conditions": [{"type": "Ready", "status": "True", "lastTransitionTime": since}],
    })
}

fn check(view: &View, expected: &Expect) {
    let plan = plan_for::<_, ReplicaSet>(&ReplicaSets::default(), view, ("default", "web"));
    expected.assert_eq(&shown(&plan));
}

#[test]
fn the_pod_that_will_be_missed_least_goes_first() {
    let mut view = set(1);
    put::<Pod>(
        &mut view,
        pod("old", Some("rs"), ready("2026-01-01T11:00:00Z")),
    );
    put::<Pod>(
        &mut view,
        pod("new", Some("rs"), ready("2026-01-01T11:59:00Z")),
    );
    put::<Pod>(
        &mut view,
        pod("stuck", Some("rs"), json!({"phase": "Pending"})),
    );
    check(
        &view,
        &expect![[r#"
        delete pods stuck
        note SuccessfulDelete: Deleted pod: stuck
        delete pods new
        note SuccessfulDelete: Deleted pod: new
        status replicasets.apps web {"availableReplicas":2,"fullyLabeledReplicas":3,"observedGeneration":2,"readyReplicas":2,"replicas":3}
    "#]],
    );
}

#[test]
fn an_orphan_that_matches_is_adopted_before_anything_is_created() {
    let mut view = set(3);
    put::<Pod>(&mut view, pod("bare", None, json!({"phase": "Running"})));
    check(
        &view,
        &expect![[r#"
        patch pods bare {"metadata":{"ownerReferences":[{"apiVersion":"apps/v1","blockOwnerDeletion":true,"controller":true,"kind":"ReplicaSet","name":"web","uid":"rs"}],"resourceVersion":"7"}}
        status replicasets.apps web {"observedGeneration":2,"replicas":0}
    "#]],
    );
}

#[test]
fn the_same_world_names_the_same_pods() {
    let names = |view: &View| {
        shown(&plan_for::<_, ReplicaSet>(
            &ReplicaSets::default(),
            view,
            ("default", "web"),
        ))
    };
    let view = set(2);
    assert_eq!(names(&view), names(&view));
    let mut later = set(2);
    put::<Pod>(
        &mut later,
        pod("one", Some("rs"), json!({"phase": "Failed"})),
    );
    assert_ne!(names(&view), names(&later));
}

#[test]
fn a_refused_creation_is_told_in_the_status_and_forgotten_when_it_went_well() {
    let view = set(1);
    let key = ObjectKey::new(
        gantry_api::GroupResource::of::<ReplicaSet>(),
        "default",
        "web",
    );
    let world = ReplicaSets::default().observe(&view, &key, now()).unwrap();
    let create = ReplicaSets::default().reconcile(&world).actions.remove(0);
    let plan = ReplicaSets::default().refused(&world, &create, "exceeded quota");
    let Write::Update {
        object: reported, ..
    } = plan.actions.last().unwrap()
    else {
        panic!()
    };
    let failed: ReplicaSet = object(reported.clone().into_value());
    let condition = &failed.status.as_ref().unwrap().conditions.as_ref().unwrap()[0];
    assert_eq!(condition.message.as_deref(), Some("exceeded quota"));

    let mut view = View::default();
    view.put(Arc::new(failed), gantry_api::Revision(1));
    put::<Pod>(
        &mut view,
        pod("one", Some("rs"), json!({"phase": "Running"})),
    );
    check(
        &view,
        &expect![[r#"
        status replicasets.apps web {"fullyLabeledReplicas":1,"observedGeneration":2,"replicas":1}
    "#]],
    );
}
