use serde_json::{Value, json};

use k8s_openapi::api::apps::v1::ReplicaSet;
use k8s_openapi::api::core::v1::Pod;

use super::*;
use crate::testing::{plan_for, put, put_webs, shown};

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

/// The keys that a change of an object makes due, given how all stands afterwards.
fn due<T: Kind>(view: &View, object: Value) -> Vec<String> {
    let object: T = serde_json::from_value(object).unwrap();
    let sources = Garbage::default().sources();
    let mut sources = sources.as_slice().iter();
    let source = sources.find(|source| source.watched.resource == GroupResource::of::<T>());
    let keys = (source.unwrap().keys)(&object, view);
    let words = |key: &ObjectKey| format!("{} {}", key.resource, key.name);
    keys.iter().map(words).collect()
}

#[test]
fn what_has_its_owners_and_stays_concerns_nobody() {
    let mut view = View::default();
    let (pod, set) = (pod(json!([owner("u1")])), set(Value::Null));
    put::<Pod>(&mut view, pod.clone());
    assert_eq!(due::<Pod>(&view, pod.clone()), ["pods p"]);
    put::<ReplicaSet>(&mut view, set.clone());
    assert_eq!(due::<Pod>(&view, pod), [""; 0]);
    assert_eq!(due::<ReplicaSet>(&view, set), [""; 0]);
}

#[test]
fn a_dependent_concerns_an_owner_that_waits_for_it() {
    let mut view = View::default();
    let (pod, set) = (
        pod(json!([owner("u1")])),
        set(json!(["foregroundDeletion"])),
    );
    put::<ReplicaSet>(&mut view, set.clone());
    assert_eq!(due::<ReplicaSet>(&view, set), ["replicasets.apps rs"]);
    assert_eq!(
        due::<Pod>(&view, pod.clone()),
        ["replicasets.apps rs"],
        "it is gone, and the set may go"
    );
    put::<Pod>(&mut view, pod.clone());
    assert_eq!(due::<Pod>(&view, pod), ["replicasets.apps rs"]);
}

#[test]
fn an_owner_that_is_gone_concerns_its_dependents() {
    let mut view = View::default();
    put::<Pod>(&mut view, pod(json!([owner("u1")])));
    let gone = set(Value::Null);
    assert_eq!(due::<ReplicaSet>(&view, gone.clone()), ["pods p"]);
    let mut successor = gone.clone();
    successor["metadata"]["uid"] = json!("u2");
    put::<ReplicaSet>(&mut view, successor);
    assert_eq!(due::<ReplicaSet>(&view, gone), ["pods p"]);
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

#[test]
fn who_has_another_owner_that_stays_survives_a_foreground_deletion() {
    let mut view = View::default();
    put::<ReplicaSet>(&mut view, set(json!(["foregroundDeletion"])));
    let mut other = set(Value::Null);
    other["metadata"]["name"] = json!("other");
    other["metadata"]["uid"] = json!("u2");
    put::<ReplicaSet>(&mut view, other);
    let mut second = owner("u2");
    second["name"] = json!("other");
    put::<Pod>(&mut view, pod(json!([owner("u1"), second])));
    let text = plan::<ReplicaSet>(&view, "rs");
    assert!(text.starts_with("patch pods p"), "{text}");
    assert!(!text.contains("u1") && text.contains("u2"), "{text}");
}

#[test]
fn those_who_wait_for_each_other_in_a_circle_let_go() {
    let mut view = View::default();
    let link = |name: &str, owner: &str| {
        json!({
            "metadata": {
                "name": name, "namespace": "a", "uid": name, "resourceVersion": "1",
                "deletionTimestamp": "2026-01-01T00:00:00Z",
                "finalizers": ["foregroundDeletion"],
                "ownerReferences": [{"apiVersion": "v1", "kind": "Pod", "name": owner,
                    "uid": owner, "blockOwnerDeletion": true}],
            },
            "spec": {"containers": []},
        })
    };
    for (name, owner) in [("x", "z"), ("y", "x"), ("z", "y")] {
        put::<Pod>(&mut view, link(name, owner));
    }
    let text = plan::<Pod>(&view, "x");
    assert!(text.starts_with("patch pods x"), "{text}");
}

#[test]
fn an_owner_in_another_namespace_is_none_and_people_are_told() {
    let mut view = View::default();
    let mut elsewhere = set(Value::Null);
    elsewhere["metadata"]["namespace"] = json!("b");
    put::<ReplicaSet>(&mut view, elsewhere);
    put::<Pod>(&mut view, pod(json!([owner("u1")])));
    let text = plan::<Pod>(&view, "p");
    assert!(text.starts_with("note OwnerRefInvalidNamespace"), "{text}");
    assert!(text.ends_with("delete pods p\n"), "{text}");
}

#[test]
fn what_is_in_no_namespace_is_never_judged_by_an_owner_in_one() {
    let mut view = View::default();
    let node = json!({"metadata": {"name": "n", "uid": "n", "resourceVersion": "1",
        "ownerReferences": [owner("u1")]}});
    put::<k8s_openapi::api::core::v1::Node>(&mut view, node);
    view.reached(&GroupResource::of::<ReplicaSet>(), Revision(9));
    let plan =
        plan_for::<_, k8s_openapi::api::core::v1::Node>(&Garbage::default(), &view, ("", "n"));
    let text = shown(&plan);
    assert!(text.starts_with("note OwnerRefInvalidNamespace"), "{text}");
    assert!(!text.contains("delete"), "{text}");
}

#[test]
fn an_owner_of_a_kind_that_a_user_defined_is_an_owner_like_any() {
    let web = |uid: &str| json!([{"apiVersion": "example.com/v1", "kind": "Web", "name": "w", "uid": uid}]);
    let mut view = View::default();
    put::<Pod>(&mut view, pod(web("w")));
    assert_eq!(plan::<Pod>(&view, "p"), "\n", "nobody knows such a kind");
    put_webs(&mut view, &["w"]);
    assert_eq!(plan::<Pod>(&view, "p"), "\n", "it is there");
    put::<Pod>(&mut view, pod(web("gone")));
    assert_eq!(plan::<Pod>(&view, "p"), "delete pods p\n");

    let sources = Garbage::default().sources();
    let keys = sources.of_defined().unwrap();
    let gone = view.forget(&GroupResource::new("example.com", "webs"));
    put::<Pod>(&mut view, pod(web("w")));
    let due = keys(gone[0].as_ref(), &view);
    assert_eq!(
        due.iter().map(|key| key.name.as_str()).collect::<Vec<_>>(),
        ["p"]
    );
}
