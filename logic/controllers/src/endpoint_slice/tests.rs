use serde_json::{Value, json};

use super::*;
use crate::testing::{plan_for, put, shown};

fn service(view: &mut View) {
    put::<Service>(
        view,
        json!({
            "metadata": {"name": "web", "namespace": "a", "uid": "s"},
            "spec": {"selector": {"app": "web"}, "ports": [{"name": "http", "port": 80, "targetPort": "web", "protocol": "TCP"}]},
        }),
    );
}

fn pod(name: &str, port: u16, ready: &str) -> Value {
    json!({
        "metadata": {"name": name, "namespace": "a", "uid": name, "labels": {"app": "web"}},
        "spec": {"nodeName": "n", "containers": [{"name": "c", "ports": [{"name": "web", "containerPort": port, "protocol": "TCP"}]}]},
        "status": {"phase": "Running", "podIP": "10.0.0.1", "conditions": [{"type": "Ready", "status": ready}]},
    })
}

fn created(view: &View) -> Vec<EndpointSlice> {
    let plan = plan_for::<_, Service>(&EndpointSlices, view, ("a", "web"));
    let slices = plan.actions.iter().filter_map(|write| {
        let Write::Create { object, .. } = write else {
            return None;
        };
        object.to_typed().ok()
    });
    slices.collect()
}

#[test]
fn a_service_without_pods_has_one_empty_slice() {
    let mut view = View::default();
    service(&mut view);
    let slices = created(&view);
    assert_eq!(slices.len(), 1);
    assert!(slices[0].endpoints.is_empty());
}

#[test]
fn a_named_port_that_differs_between_pods_makes_several_slices() {
    let mut view = View::default();
    service(&mut view);
    put::<Pod>(&mut view, pod("one", 8080, "True"));
    put::<Pod>(&mut view, pod("two", 9090, "False"));
    let slices = created(&view);
    assert_eq!(slices.len(), 2);
    let ready: Vec<_> = slices
        .iter()
        .map(|slice| slice.endpoints[0].conditions.as_ref().unwrap().ready)
        .collect();
    assert_eq!(ready, [Some(true), Some(false)]);
}

#[test]
fn what_is_as_wanted_is_not_written_again() {
    let mut view = View::default();
    service(&mut view);
    put::<Pod>(&mut view, pod("one", 8080, "True"));
    let slice = created(&view).remove(0);
    view.put(Arc::new(slice), gantry_api::Revision(2));
    let plan = plan_for::<_, Service>(&EndpointSlices, &view, ("a", "web"));
    assert_eq!(shown(&plan), "\n");
}
