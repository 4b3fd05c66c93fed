use k8s_openapi::api::core::v1::{ConfigMap, Service};
use serde_json::{Value, json};

use super::*;
use crate::testing::{plan_for, put, put_webs, shown};

fn quota(spec: Value, status: Value) -> Value {
    json!({
        "apiVersion": "v1", "kind": "ResourceQuota",
        "metadata": {"name": "most", "namespace": "a", "uid": "q", "resourceVersion": "5"},
        "spec": spec, "status": status,
    })
}

fn pod(name: &str, phase: &str) -> Value {
    json!({
        "metadata": {"name": name, "namespace": "a", "uid": name},
        "spec": {"containers": [
            {"name": "main", "resources": {"requests": {"cpu": "250m", "example.com/gpu": "1"}}},
        ]},
        "status": {"phase": phase},
    })
}

fn plan(view: &View) -> Plan<Write> {
    plan_for::<_, ResourceQuota>(&ResourceQuotas::default(), view, ("a", "most"))
}

#[test]
fn what_lives_is_counted_and_what_has_ended_is_not() {
    let mut view = View::default();
    let hard = json!({"pods": "9", "cpu": "2", "requests.example.com/gpu": "4",
        "count/pods": "9", "configmaps": "9", "secrets": "9", "services.nodeports": "9",
        "example.com/unknown": "1"});
    put::<ResourceQuota>(&mut view, quota(json!({"hard": hard}), json!({})));
    put::<Pod>(&mut view, pod("a", "Running"));
    put::<Pod>(&mut view, pod("b", "Pending"));
    put::<Pod>(&mut view, pod("c", "Succeeded"));
    let map = json!({"metadata": {"name": "m", "namespace": "a", "uid": "m"}});
    put::<ConfigMap>(&mut view, map);
    let service = json!({"metadata": {"name": "s", "namespace": "a", "uid": "s"},
        "spec": {"type": "NodePort", "ports": [{"port": 80}, {"port": 81}]}});
    put::<Service>(&mut view, service);
    let elsewhere = json!({"metadata": {"name": "m", "namespace": "b", "uid": "n"}});
    put::<ConfigMap>(&mut view, elsewhere);
    let actions = plan(&view).actions;
    let [Write::Update { object, seen, .. }] = actions.as_slice() else {
        panic!("{actions:?}");
    };
    assert_eq!(
        object.at(&["status", "used"]),
        Some(
            &json!({"pods": "2", "cpu": "500m", "requests.example.com/gpu": "2",
            "count/pods": "3", "configmaps": "1", "secrets": "0", "services.nodeports": "2"})
        )
    );
    let seen: Vec<String> = seen
        .iter()
        .map(|(resource, revision)| format!("{resource}@{revision}"))
        .collect();
    assert_eq!(seen, ["configmaps@1", "pods@1", "secrets@0", "services@1"]);
}

#[test]
fn a_quota_that_is_right_is_left_alone() {
    let mut view = View::default();
    let right = json!({"hard": {"cpu": "2"}, "used": {"cpu": "0.25"}});
    put::<ResourceQuota>(&mut view, quota(json!({"hard": {"cpu": "2"}}), right));
    put::<Pod>(&mut view, pod("a", "Running"));
    assert_eq!(shown(&plan(&view)), "\n");
}

#[test]
fn only_what_is_gone_or_has_ended_makes_quotas_due() {
    let mut view = View::default();
    put::<ResourceQuota>(&mut view, quota(json!({}), json!({})));
    put::<Pod>(&mut view, pod("a", "Running"));
    put::<Pod>(&mut view, pod("b", "Failed"));
    let controller = ResourceQuotas::default();
    let due = |view: &View, json: Value| {
        let pod: Pod = crate::testing::object(json);
        let sources = controller.sources();
        let pods = GroupResource::of::<Pod>();
        let of_pods = sources.as_slice().iter();
        let mut of_pods = of_pods.filter(|source| source.watched.resource == pods);
        of_pods.any(|source| !(source.keys)(&pod, view).is_empty())
    };
    assert!(!due(&view, pod("a", "Running")));
    assert!(due(&view, pod("b", "Failed")));
    assert!(due(&view, pod("gone", "Running")));
}

#[test]
fn objects_of_kinds_that_users_define_are_counted() {
    let mut view = View::default();
    let hard = json!({"hard": {"count/webs.example.com": "5"}});
    put::<ResourceQuota>(&mut view, quota(hard, json!({})));
    put_webs(&mut view, &["x", "y"]);
    let actions = plan(&view).actions;
    let [Write::Update { object, seen, .. }] = actions.as_slice() else {
        panic!("{actions:?}");
    };
    let used = object.at(&["status", "used"]);
    assert_eq!(used, Some(&json!({"count/webs.example.com": "2"})));
    assert_eq!(
        seen,
        &[(GroupResource::new("example.com", "webs"), Revision(1))]
    );
}
