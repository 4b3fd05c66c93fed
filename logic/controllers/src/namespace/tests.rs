use k8s_openapi::api::core::v1::ConfigMap;
use serde_json::json;

use super::*;
use crate::testing::{plan_for, put, shown};

fn terminating(view: &mut View) {
    put::<Namespace>(
        view,
        json!({
            "metadata": {
                "name": "a", "uid": "a", "resourceVersion": "9",
                "deletionTimestamp": "2026-01-01T11:59:00Z",
            },
            "spec": {"finalizers": ["kubernetes"]},
        }),
    );
}

fn plan(view: &View) -> Plan<Write> {
    plan_for::<_, Namespace>(&Namespaces::default(), view, ("", "a"))
}

#[test]
fn pods_go_first() {
    let mut view = View::default();
    terminating(&mut view);
    let metadata = json!({"name": "x", "namespace": "a", "uid": "x"});
    put::<Pod>(
        &mut view,
        json!({"metadata": metadata, "spec": {"containers": []}}),
    );
    put::<ConfigMap>(&mut view, json!({"metadata": metadata}));
    let text = shown(&plan(&view));
    assert!(text.starts_with("delete pods x\n"), "{text}");
    assert!(!text.contains("configmaps x"), "{text}");
}

#[test]
fn what_a_late_view_may_hide_is_swept_before_the_namespace_goes() {
    let mut view = View::default();
    terminating(&mut view);
    let all = Namespaces::default().resources;
    for resource in &all {
        view.reached(resource, Revision(9));
    }
    assert_eq!(
        plan(&view).actions.len(),
        1,
        "everything is known to be empty"
    );

    let mut late = View::default();
    terminating(&mut late);
    let sweeps = plan(&late).actions;
    assert_eq!(sweeps.len(), all.len() + 1);
    let last = sweeps.last();
    assert!(matches!(last, Some(Write::Update { .. })), "{last:?}");
}

#[test]
fn what_is_left_and_what_holds_it_is_said_once() {
    let mut view = View::default();
    terminating(&mut view);
    let metadata = json!({"name": "x", "namespace": "a", "uid": "x",
        "deletionTimestamp": "2026-01-01T11:59:00Z", "finalizers": ["example.com/hold"]});
    put::<ConfigMap>(&mut view, json!({"metadata": metadata}));
    let actions = plan(&view).actions;
    let [Write::Update { object, .. }] = actions.as_slice() else {
        panic!("{actions:?}");
    };
    let texts = |field: &str| {
        let conditions = object.at(&["status", "conditions"]).unwrap();
        let texts = conditions.as_array().unwrap().iter();
        texts
            .map(|condition| condition[field].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(
        texts("status"),
        ["False", "False", "False", "True", "True"],
        "{object:?}"
    );
    assert_eq!(
        texts("message")[3..],
        [
            "Some resources are remaining: configmaps. has 1 resource instances",
            "Some content in the namespace has finalizers remaining: example.com/hold in 1 \
             resource instances",
        ]
    );
    let said = serde_json::Value::Object(object.0.clone());
    put::<Namespace>(&mut view, said);
    assert_eq!(shown(&plan(&view)), "\n");
}

fn registration(status: &str) -> serde_json::Value {
    json!({
        "metadata": {"name": "v1.example.com"},
        "spec": {"group": "example.com", "version": "v1", "groupPriorityMinimum": 1,
            "versionPriority": 1, "service": {"namespace": "b", "name": "api"}},
        "status": {"conditions": [{"type": "Available", "status": status, "message": "no answer"}]},
    })
}

#[test]
fn what_other_servers_keep_holds_a_namespace_and_it_says_so() {
    let mut view = View::default();
    terminating(&mut view);
    put::<APIService>(&mut view, registration("False"));
    let text = shown(&plan(&view));
    assert!(text.starts_with("status namespaces a"), "{text}");
    let why = "Discovery failed for some groups, 1 failing: unable to retrieve the complete list \
               of server APIs: example.com/v1: no answer";
    assert!(text.contains(why), "{text}");
    put::<APIService>(&mut view, registration("True"));
    let text = shown(&plan(&view));
    assert!(text.starts_with("status namespaces a"), "{text}");
    assert!(text.contains("ResourcesDiscovered"), "{text}");
}

#[test]
fn a_namespace_goes_once_nothing_is_left_elsewhere() {
    let mut view = View::default();
    put::<APIService>(&mut view, registration("True"));
    put::<Namespace>(
        &mut view,
        json!({
            "metadata": {
                "name": "a", "uid": "a", "resourceVersion": "9",
                "deletionTimestamp": "2026-01-01T11:59:00Z",
                "annotations": {gantry_kinds::apiregistration::EMPTIED: "v1.a,v1.example.com"},
            },
            "spec": {"finalizers": ["kubernetes"]},
        }),
    );
    let last = plan(&view).actions.pop();
    let is_freed = matches!(
        last,
        Some(Write::Update {
            subresource: Some("finalize"),
            ..
        })
    );
    assert!(is_freed, "{last:?}");
}
