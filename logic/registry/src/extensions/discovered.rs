//! What another API server says that it serves, in the form that clients get from this one.

use serde_json::{Value, json};

use gantry_api::GroupVersion;

use crate::limits::EXTENSION_RESOURCES;

/// The resources in a list of one version, each with its subresources; nothing when it is no list
/// of that version.
#[must_use]
pub fn resources(list: &Value, version: &GroupVersion) -> Option<Vec<Value>> {
    if list["kind"] != "APIResourceList" || list["groupVersion"] != version.to_string() {
        return None;
    }
    let listed = list["resources"].as_array()?;
    let mut found: Vec<Value> = Vec::new();
    let (parts, whole): (Vec<&Value>, Vec<&Value>) = listed
        .iter()
        .take(EXTENSION_RESOURCES)
        .partition(|one| one["name"].as_str().is_some_and(|name| name.contains('/')));
    for one in whole {
        let name = one["name"].as_str().unwrap_or("");
        if name.is_empty() {
            continue;
        }
        let own = parts.iter().filter_map(|part| {
            let (of, part_name) = part["name"].as_str()?.split_once('/')?;
            (of == name).then(|| subresource(part, part_name, version))
        });
        let own: Vec<Value> = own.collect();
        let mut resource = resource(one, name, version);
        if !own.is_empty() {
            resource["subresources"] = own.into();
        }
        found.push(resource);
    }
    Some(found)
}

fn resource(one: &Value, name: &str, version: &GroupVersion) -> Value {
    let is_namespaced = one["namespaced"].as_bool().unwrap_or(false);
    let mut resource = json!({
        "resource": name,
        "responseKind": response_kind(one, version),
        "scope": if is_namespaced { "Namespaced" } else { "Cluster" },
        "singularResource": one["singularName"].as_str().unwrap_or(""),
        "verbs": words(&one["verbs"]),
    });
    for field in ["shortNames", "categories"] {
        let words = words(&one[field]);
        if !words.is_empty() {
            resource[field] = words.into();
        }
    }
    resource
}

fn subresource(part: &Value, name: &str, version: &GroupVersion) -> Value {
    json!({
        "subresource": name,
        "responseKind": response_kind(part, version),
        "verbs": words(&part["verbs"]),
    })
}

/// What it answers with: of its own version where it does not say another.
fn response_kind(one: &Value, version: &GroupVersion) -> Value {
    let text = |field: &str| one[field].as_str().filter(|text| !text.is_empty());
    json!({
        "group": text("group").unwrap_or(&version.group),
        "version": text("version").unwrap_or(&version.version),
        "kind": text("kind").unwrap_or(""),
    })
}

fn words(list: &Value) -> Vec<&str> {
    list.as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect()
}
