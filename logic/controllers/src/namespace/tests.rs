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
