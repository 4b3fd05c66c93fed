use serde_json::{Value, json};

use super::*;
use crate::testing::{plan_for, put, shown};

fn range(view: &mut View, name: &str, cidr: &str, metadata: Value) {
    let mut range = json!({"metadata": {"name": name, "uid": name}, "spec": {"cidrs": [cidr]}});
    for (field, value) in metadata.as_object().unwrap() {
        range["metadata"][field] = value.clone();
    }
    put::<ServiceCIDR>(view, range);
}

fn going() -> Value {
    json!({"deletionTimestamp": "2026-01-01T11:59:00Z", "finalizers": [FINALIZER]})
}

fn address(view: &mut View, name: &str) {
    let parent = json!({"resource": "services", "name": "web", "namespace": "a"});
    let address = json!({"metadata": {"name": name}, "spec": {"parentRef": parent}});
    put::<IPAddress>(view, address);
}

fn plan(view: &View) -> Plan<Write> {
    plan_for::<_, ServiceCIDR>(&ServiceCidrs, view, ("", "more"))
}

#[test]
fn a_new_range_is_held_and_then_ready() {
    let mut view = View::default();
    range(&mut view, "more", "10.9.0.0/24", json!({}));
    assert_eq!(
        shown(&plan(&view)),
        "update servicecidrs.networking.k8s.io more \n"
    );
    let held = json!({"finalizers": [FINALIZER]});
    range(&mut view, "more", "10.9.0.0/24", held);
    let text = shown(&plan(&view));
    assert!(text.contains(r#""status":"True""#), "{text}");
}

#[test]
fn a_range_goes_when_nobody_has_an_address_of_it_alone() {
    let mut view = View::default();
    range(&mut view, "more", "10.9.0.0/24", going());
    address(&mut view, "10.9.0.7");
    let text = shown(&plan(&view));
    assert!(text.contains(r#""reason":"Terminating""#), "{text}");
    range(&mut view, "wide", "10.0.0.0/8", json!({}));
    let actions = plan(&view).actions;
    let [Write::Update { object, seen, .. }] = actions.as_slice() else {
        panic!("{actions:?}");
    };
    assert!(object.finalizers().is_empty());
    assert_eq!(seen, &[(GroupResource::of::<IPAddress>(), Revision(1))]);
}
