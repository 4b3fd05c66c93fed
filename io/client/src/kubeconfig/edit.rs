//! Changes: a cluster of ours comes and goes, everything else stays.

use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::{KubeconfigError, LISTS, file};

/// How to reach a cluster as its administrator.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The name of the context, the cluster and the user.
    pub name: String,
    /// The server's URL.
    pub server: String,
    /// The certificate authority, in PEM.
    pub authority: Vec<u8>,
    /// The client certificate, in PEM.
    pub certificate: Vec<u8>,
    /// The client key, in PEM.
    pub key: Vec<u8>,
}

/// Adds or replaces the context, cluster and user of `entry` in the file at `path`. The context
/// becomes the current one when there is none or when `make_current` says so.
pub fn merge(path: &Path, entry: &Entry, make_current: bool) -> Result<(), KubeconfigError> {
    file::change(path, |tree| put_entry(tree, entry, make_current))
}

/// The text of a file that has `entry` alone.
#[must_use]
pub fn text(entry: &Entry) -> String {
    let mut tree = json!({});
    put_entry(&mut tree, entry, true);
    gantry_api::yaml::write(&tree)
}

/// Takes the context, cluster and user called `name` out of the file at `path`.
pub fn remove(path: &Path, name: &str) -> Result<(), KubeconfigError> {
    if !path.exists() {
        return Ok(());
    }
    file::change(path, |tree| take_entry(tree, name))
}

/// Changes the file at `path` with `change`, which is given the whole tree.
pub fn update(path: &Path, change: impl FnOnce(&mut Value)) -> Result<(), KubeconfigError> {
    file::change(path, |tree| {
        begin(tree);
        change(tree);
    })
}

pub(super) fn put_entry(tree: &mut Value, entry: &Entry, make_current: bool) {
    begin(tree);
    let name = entry.name.as_str();
    let encode = |bytes: &[u8]| Value::from(STANDARD.encode(bytes));
    let cluster = [
        ("server", Value::from(entry.server.as_str())),
        ("certificate-authority-data", encode(&entry.authority)),
    ];
    let user = [
        ("client-certificate-data", encode(&entry.certificate)),
        ("client-key-data", encode(&entry.key)),
    ];
    let context = [("cluster", Value::from(name)), ("user", Value::from(name))];
    put(&mut tree["clusters"], name, "cluster", cluster);
    put(&mut tree["users"], name, "user", user);
    put(&mut tree["contexts"], name, "context", context);
    let has_current = tree["current-context"]
        .as_str()
        .is_some_and(|name| !name.is_empty());
    if make_current || !has_current {
        tree["current-context"] = Value::from(name);
    }
}

pub(super) fn take_entry(tree: &mut Value, name: &str) {
    for list in LISTS {
        if let Some(entries) = tree.get_mut(list).and_then(Value::as_array_mut) {
            entries.retain(|entry| entry["name"] != name);
        }
    }
    if tree["current-context"] == name {
        tree["current-context"] = Value::from("");
    }
}

fn begin(tree: &mut Value) {
    if tree.get("apiVersion").is_none() {
        tree["apiVersion"] = Value::from("v1");
        tree["kind"] = Value::from("Config");
    }
}

/// Sets fields of the part called `part` of an entry; what else the entry has is kept.
fn put<const N: usize>(list: &mut Value, name: &str, part: &str, fields: [(&str, Value); N]) {
    if !list.is_array() {
        *list = json!([]);
    }
    let entries = list.as_array_mut().expect("it was just made a list");
    let place = entries.iter().position(|entry| entry["name"] == name);
    let place = place.unwrap_or_else(|| {
        entries.push(json!({"name": name}));
        entries.len() - 1
    });
    let entry = &mut entries[place];
    if !entry[part].is_object() {
        entry[part] = json!({});
    }
    for (field, value) in fields {
        entry[part][field] = value;
    }
}
