use serde_json::{Value, json};

use k8s_openapi::api::apps::v1::ReplicaSet;
use k8s_openapi::api::core::v1::Pod;

use super::*;
use crate::testing::{plan_for, put, shown};

fn pod(owners: Value) -> Value {
    json!({
        "metadata": {
            "name": "p", "namespace": "a", "uid": "p", "resourceVersion": "1",
            "ownerReferences": owners,
        },
        "spec": {"containers": []},
    })
}

fn owner(uid: &str) -> Value {
    json!({"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "rs", "uid": uid, "blockOwnerDeletion": true})
}

fn set(finalizers: Value) -> Value {
    json!({"metadata": {
        "name": "rs", "namespace": "a", "uid": "u1", "resourceVersion": "1",
        "deletionTimestamp": finalizers.is_array().then_some("2026-01-01T00:00:00Z"),
        "finalizers": finalizers,
    }})
}

fn plan<T: Kind>(view: &View, name: &str) -> String {
    shown(&plan_for::<_, T>(&Garbage::default(), view, ("a", name)))
}

#[test]
fn what_lost_its_owner_is_deleted_but_only_when_that_is_certain() {
    let mut view = View::default();
    put::<Pod>(&mut view, pod(json!([owner("u1")])));
    assert_eq!(
        plan::<Pod>(&view, "p"),
        "recheck in 1s\n",
        "replica sets were never listed: nothing would make the pod due again"
    );
    view.reached(&GroupResource::of::<ReplicaSet>(), Revision(1));
    assert_eq!(plan::<Pod>(&view, "p"), "delete pods p\n");
}

#[test]
fn an_owner_of_a_kind_that_nobody_watches_is_never_judged_nor_waited_for() {
    let mut view = View::default();
    let foreign = json!({"apiVersion": "example.com/v1", "kind": "Shop", "name": "s", "uid": "s"});
    put::<Pod>(&mut view, pod(json!([foreign, owner("gone")])));
    view.reached(&GroupResource::of::<ReplicaSet>(), Revision(1));
    assert_eq!(plan::<Pod>(&view, "p"), "\n");
}

#[test]
fn an_owner_of_the_same_name_is_not_the_owner() {
    let mut view = View::default();
    put::<ReplicaSet>(&mut view, set(Value::Null));
    put::<Pod>(&mut view, pod(json!([owner("another")])));
    assert_eq!(plan::<Pod>(&view, "p"), "delete pods p\n");
}

#[test]
fn one_living_owner_is_enough() {
    let mut view = View::default();
    put::<ReplicaSet>(&mut view, set(Value::Null));
    put::<Pod>(&mut view, pod(json!([owner("u1"), owner("gone")])));
    assert!(plan::<Pod>(&view, "p").starts_with("patch pods p"));
}

#[test]
fn a_foreground_deletion_waits_for_what_blocks_it() {
    let mut view = View::default();
    put::<ReplicaSet>(&mut view, set(json!(["foregroundDeletion"])));
    put::<Pod>(&mut view, pod(json!([owner("u1")])));
    assert_eq!(plan::<ReplicaSet>(&view, "rs"), "delete pods p\n");
    let gone = view
        .any(&ObjectKey::new(GroupResource::of::<Pod>(), "a", "p"))
        .unwrap()
        .object_key();
    view.remove(&gone, Revision(2));
    assert!(plan::<ReplicaSet>(&view, "rs").starts_with("patch replicasets.apps rs"));
}

#[test]
fn orphans_are_freed_before_their_owner_goes() {
    let mut view = View::default();
    put::<ReplicaSet>(&mut view, set(json!(["orphan"])));
    put::<Pod>(&mut view, pod(json!([owner("u1")])));
    assert_eq!(
        plan::<ReplicaSet>(&view, "rs"),
        "patch pods p {\"metadata\":{\"ownerReferences\":[],\"resourceVersion\":\"1\"}}\n"
    );
}
