use serde_json::{Value, json};

use super::*;
use crate::schema::Schema;

fn pod_spec() -> crate::TypeRef<'static> {
    Schema::builtin()
        .kind("", "v1", "Pod")
        .unwrap()
        .child("spec")
}

#[track_caller]
fn check(target: Value, patch: Value, expected: Value) {
    assert_eq!(strategic(target, patch, pod_spec()).unwrap(), expected);
}

#[track_caller]
fn refused(target: Value, patch: Value) -> String {
    strategic(target, patch, pod_spec())
        .unwrap_err()
        .to_string()
}

#[test]
fn items_are_merged_by_key_and_new_ones_come_after() {
    check(
        json!({"containers": [{"name": "a", "image": "1"}, {"name": "b", "image": "2"}]}),
        json!({"containers": [{"name": "b", "image": "3"}, {"name": "c"}]}),
        json!({"containers": [{"name": "a", "image": "1"}, {"name": "b", "image": "3"}, {"name": "c"}]}),
    );
}

#[test]
fn null_deletes_and_nothing_of_it_is_stored() {
    check(
        json!({"nodeName": "n", "nodeSelector": {"a": "1", "b": "2"}}),
        json!({"nodeName": null, "nodeSelector": {"a": null}, "affinity": {"nodeAffinity": null}}),
        json!({"nodeSelector": {"b": "2"}, "affinity": {}}),
    );
}

#[test]
fn items_can_be_deleted_and_lists_and_objects_replaced() {
    check(
        json!({"containers": [{"name": "a"}, {"name": "b"}], "volumes": [{"name": "v", "emptyDir": {}}],
               "securityContext": {"runAsUser": 1}, "dnsConfig": {"searches": ["x"]}}),
        json!({"containers": [{"$patch": "delete", "name": "a"}],
               "volumes": [{"$patch": "replace"}, {"name": "w"}],
               "securityContext": {"$patch": "replace", "runAsGroup": 2},
               "dnsConfig": {"$patch": "delete"}}),
        json!({"containers": [{"name": "b"}], "volumes": [{"name": "w"}],
               "securityContext": {"runAsGroup": 2}, "dnsConfig": {}}),
    );
}

#[test]
fn an_order_is_set_around_items_the_patch_does_not_know() {
    check(
        json!({"containers": [{"name": "a"}, {"name": "sidecar"}, {"name": "b"}]}),
        json!({"$setElementOrder/containers": [{"name": "b"}, {"name": "a"}],
               "containers": [{"name": "b", "image": "2"}]}),
        json!({"containers": [{"name": "sidecar"}, {"name": "b", "image": "2"}, {"name": "a"}]}),
    );
}

#[test]
fn retained_keys_drop_the_former_source_of_a_volume() {
    check(
        json!({"volumes": [{"name": "v", "emptyDir": {}}]}),
        json!({"volumes": [{"$retainKeys": ["name", "hostPath"], "name": "v", "hostPath": {"path": "/"}}]}),
        json!({"volumes": [{"name": "v", "hostPath": {"path": "/"}}]}),
    );
}

#[test]
fn plain_values_are_merged_as_sets_and_deleted_by_name() {
    let pod = Schema::builtin().kind("", "v1", "Pod").unwrap();
    let target = json!({"metadata": {"finalizers": ["a", "b", "c"]}});
    let patch = json!({"metadata": {
        "$deleteFromPrimitiveList/finalizers": ["b"],
        "$setElementOrder/finalizers": ["d", "a", "c"],
        "finalizers": ["d"],
    }});
    let patched = strategic(target, patch, pod).unwrap();
    assert_eq!(
        patched,
        json!({"metadata": {"finalizers": ["d", "a", "c"]}})
    );
}

#[test]
fn ports_that_differ_in_protocol_only_are_one_port_to_a_patch() {
    check(
        json!({"containers": [{"name": "a", "ports": [{"containerPort": 53, "protocol": "TCP"}]}]}),
        json!({"containers": [{"name": "a", "ports": [{"containerPort": 53, "protocol": "UDP"}]}]}),
        json!({"containers": [{"name": "a", "ports": [{"containerPort": 53, "protocol": "UDP"}]}]}),
    );
}

#[test]
fn atomic_lists_are_replaced() {
    check(
        json!({"tolerations": [{"key": "a"}]}),
        json!({"tolerations": [{"key": "b"}]}),
        json!({"tolerations": [{"key": "b"}]}),
    );
}

#[test]
fn senseless_directives_are_refused_where_they_stand() {
    let target = json!({"containers": [{"name": "a"}]});
    assert_eq!(
        refused(target.clone(), json!({"containers": [{"image": "x"}]})),
        "merge containers: an item does not contain declared merge key: name"
    );
    assert_eq!(
        refused(target.clone(), json!({"$patch": "upset"})),
        "merge <root>: unknown patch type: \"upset\""
    );
    assert_eq!(
        refused(
            target,
            json!({"$setElementOrder/containers": [], "containers": [{"name": "a"}]})
        ),
        "merge containers: the order in patch list doesn't match $setElementOrder list"
    );
}

#[test]
fn a_failing_operation_is_named() {
    let patch =
        json!([{"op": "add", "path": "/a", "value": 1}, {"op": "test", "path": "/a", "value": 2}]);
    let error = json(json!({}), patch).unwrap_err();
    assert_eq!(error.to_string(), "apply operation 1 at \"/a\"");
    let missing = json!([{"op": "add", "path": "/a/b", "value": 1}]);
    assert!(matches!(
        json(json!({}), missing),
        Err(PatchError::Operation { index: 0, .. })
    ));
}

#[test]
fn what_is_absent_is_null_to_a_test() {
    let path = "/metadata/finalizers";
    let patch = json!([
        {"op": "test", "path": path, "value": null},
        {"op": "add", "path": path, "value": ["a"]},
    ]);
    let added = json!({"metadata": {"finalizers": ["a"]}});
    assert_eq!(json(json!({"metadata": {}}), patch.clone()).unwrap(), added);
    assert!(
        json(json!({}), patch.clone()).is_err(),
        "nothing to be absent in"
    );
    assert!(json(added, patch).is_err(), "it is there");
}

#[test]
fn operations_are_bounded_in_number_depth_and_growth() {
    let many = Value::Array(vec![json!({"op": "test", "path": "", "value": {}}); 10_001]);
    assert!(matches!(
        json(json!({}), many),
        Err(PatchError::TooManyOperations { count: 10_001 })
    ));
    let nesting = Value::Array(vec![
        json!({"op": "copy", "from": "/a", "path": "/a/a"});
        300
    ]);
    assert!(matches!(
        json(json!({"a": {}}), nesting),
        Err(PatchError::TooDeep { .. })
    ));
    let doubling = (0..40).map(|n| json!({"op": "copy", "from": "/a", "path": format!("/a/{n}")}));
    let start = json!({"a": {"text": "x".repeat(1000)}});
    let doubled = json(start, doubling.collect());
    assert!(matches!(doubled, Err(PatchError::TooMuchCopied { .. })));
}

#[test]
fn a_merge_patch_replaces_lists() {
    let merged = merge(
        json!({"a": [1], "b": {"c": 1}}),
        &json!({"a": [2], "b": {"c": null}}),
    );
    assert_eq!(merged, json!({"a": [2], "b": {}}));
}
