use super::*;

fn deployment(spec: Value) -> Value {
    json!({"apiVersion": "apps/v1", "kind": "Deployment", "spec": spec})
}

fn containers(list: Value) -> Value {
    deployment(json!({"template": {"spec": {"containers": list}}}))
}

/// The patch, and proof that the server's merge makes of `current` what is expected.
fn applied(original: &Value, modified: &Value, current: &Value) -> Value {
    let patch = three_way(original, modified, current);
    let ty = Schema::builtin().kind("apps", "v1", "Deployment").unwrap();
    gantry_schema::patch::strategic(current.clone(), patch.body, ty).unwrap()
}

#[test]
fn what_others_set_stays_and_what_is_no_longer_wanted_goes() {
    let original = deployment(json!({"replicas": 3, "paused": true}));
    let modified = deployment(json!({"minReadySeconds": 5}));
    let current = deployment(json!({"replicas": 3, "paused": true, "revisionHistoryLimit": 10}));
    let wanted = deployment(json!({"minReadySeconds": 5, "revisionHistoryLimit": 10}));
    assert_eq!(applied(&original, &modified, &current), wanted);
}

#[test]
fn containers_are_told_apart_by_name() {
    let original = containers(json!([{"name": "a", "image": "x"}, {"name": "old", "image": "o"}]));
    let modified = containers(json!([{"name": "new", "image": "n"}, {"name": "a", "image": "y"}]));
    let current = containers(json!([
        {"name": "a", "image": "x", "terminationMessagePath": "/dev/termination-log"},
        {"name": "old", "image": "o"},
        {"name": "sidecar", "image": "s"},
    ]));
    let merged = applied(&original, &modified, &current);
    let list = &merged["spec"]["template"]["spec"]["containers"];
    let names: Vec<&str> = list
        .as_array()
        .unwrap()
        .iter()
        .map(|c| c["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["sidecar", "new", "a"]);
    assert_eq!(list[2]["image"], "y");
    assert_eq!(list[2]["terminationMessagePath"], "/dev/termination-log");
}

#[test]
fn nothing_to_change_gives_an_empty_patch() {
    let same = containers(json!([{"name": "a", "ports": [{"containerPort": 80}]}]));
    let current =
        containers(json!([{"name": "a", "ports": [{"containerPort": 80, "protocol": "TCP"}]}]));
    assert!(three_way(&same, &same, &current).is_empty());
}

#[test]
fn a_union_keeps_only_the_keys_that_are_wanted() {
    let original = deployment(json!({"strategy": {"type": "RollingUpdate"}}));
    let modified = deployment(json!({"strategy": {"type": "Recreate"}}));
    let current = deployment(
        json!({"strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1}}}),
    );
    assert_eq!(applied(&original, &modified, &current), modified);
}

#[test]
fn kinds_without_known_lists_get_a_merge_patch() {
    let object = |list: Value| json!({"apiVersion": "example.com/v1", "kind": "Thing", "spec": {"list": list}});
    let patch = three_way(
        &object(json!([1])),
        &object(json!([2])),
        &object(json!([1, 3])),
    );
    assert_eq!(patch.media_type, MERGE);
    assert_eq!(patch.body, json!({"spec": {"list": [2]}}));
}
