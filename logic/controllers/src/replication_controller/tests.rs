use serde_json::json;

use gantry_reconcile::View;

use super::*;
use crate::testing::{plan_for, put, shown};

#[test]
fn it_fills_up_to_its_replicas_and_reports_none_yet() {
    let mut view = View::default();
    put::<ReplicationController>(
        &mut view,
        json!({
            "metadata": {"name": "web", "namespace": "default", "uid": "rc", "generation": 1},
            "spec": {
                "replicas": 2,
                "selector": {"app": "web"},
                "template": {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": []}},
            },
        }),
    );
    let plan = plan_for::<_, ReplicationController>(
        &ReplicationControllers::default(),
        &view,
        ("default", "web"),
    );
    let text = shown(&plan);
    assert_eq!(text.matches("create pods web-").count(), 2, "{text}");
    assert!(
        text.contains(r#"{"observedGeneration":1,"replicas":0}"#),
        "{text}"
    );
}
