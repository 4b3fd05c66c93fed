//! Worlds as literals and plans as text, for the tests of all controllers.

use std::sync::Arc;

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use k8s_openapi::{Metadata, Resource};
use serde::de::DeserializeOwned;
use serde_json::Value;

use gantry_api::key::{GroupResource, ObjectKey, Revision};
use gantry_base::Timestamp;
use gantry_reconcile::sources::Kind;
use gantry_reconcile::{Controller, Outline, Plan, View, Write};

/// The moment at which tests take place.
pub(crate) fn now() -> Timestamp {
    "2026-01-01T12:00:00Z".parse().unwrap()
}

/// An object from its JSON.
pub(crate) fn object<T: DeserializeOwned>(json: Value) -> T {
    serde_json::from_value(json).unwrap()
}

/// Puts an object, given as JSON, into the view.
pub(crate) fn put<T: Kind>(view: &mut View, json: Value) {
    view.put(Arc::new(object::<T>(json)), Revision(1));
}

/// Puts a definition of the kind `Web` of `webs.example.com` into the view, and objects of it in
/// namespace `a`.
pub(crate) fn put_webs(view: &mut View, names: &[&str]) {
    let names_of_kind = serde_json::json!({"plural": "webs", "kind": "Web"});
    put::<CustomResourceDefinition>(
        view,
        serde_json::json!({
            "metadata": {"name": "webs.example.com"},
            "spec": {"group": "example.com", "scope": "Namespaced", "names": names_of_kind,
                "versions": []},
            "status": {"acceptedNames": names_of_kind,
                "conditions": [{"type": "Established", "status": "True"}]},
        }),
    );
    let resource = GroupResource::new("example.com", "webs");
    view.reached(&resource, Revision(1));
    for name in names {
        let metadata = ObjectMeta {
            name: Some((*name).to_owned()),
            namespace: Some("a".to_owned()),
            uid: Some((*name).to_owned()),
            ..ObjectMeta::default()
        };
        let web = Outline::new(resource.clone(), metadata);
        view.put(Arc::new(web), Revision(1));
    }
}

/// The plan that `controller` makes for the object of this type, namespace and name.
pub(crate) fn plan_for<C: Controller, T: Resource + Metadata<Ty = ObjectMeta>>(
    controller: &C,
    view: &View,
    (namespace, name): (&str, &str),
) -> Plan<Write> {
    let key = ObjectKey::new(gantry_api::GroupResource::of::<T>(), namespace, name);
    let world = controller
        .observe(view, &key, now())
        .expect("there is something to keep true");
    controller.reconcile(&world)
}

/// A plan as text: one line per write, status writes with their status.
pub(crate) fn shown(plan: &Plan<Write>) -> String {
    let mut lines: Vec<String> = plan.actions.iter().map(line).collect();
    if let Some(recheck) = plan.recheck {
        lines.push(format!("recheck in {}s", recheck.as_secs()));
    }
    lines.join("\n") + "\n"
}

fn line(write: &Write) -> String {
    match write {
        Write::Create { key, .. } => format!("create {} {}", key.resource, key.name),
        Write::Update {
            key,
            object,
            subresource: Some("status"),
            ..
        } => {
            format!(
                "status {} {} {}",
                key.resource, key.name, object.0["status"]
            )
        }
        Write::Update {
            key, subresource, ..
        } => {
            format!(
                "update {} {} {}",
                key.resource,
                key.name,
                subresource.unwrap_or("")
            )
        }
        Write::Patch { key, patch, .. } => format!("patch {} {} {patch}", key.resource, key.name),
        Write::Delete { key, .. } => format!("delete {} {}", key.resource, key.name),
        Write::DeleteAll {
            resource,
            namespace,
        } => format!("delete all {resource} in {namespace}"),
        Write::Bind { key, node, .. } => format!("bind {} to {node}", key.name),
        Write::Note(note) => format!("note {}: {}", note.reason, note.message),
    }
}
