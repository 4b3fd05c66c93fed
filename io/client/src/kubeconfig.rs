//! The file in which users keep how to reach their clusters, read and written.
//!
//! What this program does not know is kept: files are trees here, never types. Several files count
//! as one, in which the first to name something wins.

mod edit;
mod endpoint;
mod error;
mod file;

#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};

pub use edit::{Entry, merge, remove, text, update};
pub use endpoint::{Endpoint, Overrides};
pub use error::KubeconfigError;

/// The configuration of one user: all files together.
#[derive(Clone, Debug)]
pub struct Kubeconfig {
    /// The files, in the order in which they count; those that do not exist are left out.
    files: Vec<(PathBuf, Value)>,
    /// Where changes go when no file has what is changed.
    target: PathBuf,
}

/// The lists of named things in a file.
pub(crate) const LISTS: [&str; 3] = ["clusters", "contexts", "users"];

/// The files that count: the one given, else those of `$KUBECONFIG`, else `~/.kube/config`.
#[must_use]
pub fn paths(given: Option<&Path>) -> Vec<PathBuf> {
    if let Some(path) = given {
        return vec![path.to_owned()];
    }
    if let Some(list) = std::env::var_os("KUBECONFIG").filter(|list| !list.is_empty()) {
        let paths = std::env::split_paths(&list);
        return paths.filter(|path| !path.as_os_str().is_empty()).collect();
    }
    let home = std::env::var_os("HOME").map_or_else(|| PathBuf::from("/root"), PathBuf::from);
    vec![home.join(".kube").join("config")]
}

impl Kubeconfig {
    /// Reads the files that count. A file that was given by name has to exist.
    pub fn load(given: Option<&Path>) -> Result<Self, KubeconfigError> {
        let paths = paths(given);
        let mut files = Vec::new();
        for path in &paths {
            match file::read(path)? {
                Some(tree) => files.push((path.clone(), tree)),
                None if given.is_some() => return Err(KubeconfigError::missing(path)),
                None => {}
            }
        }
        let first = files.first().map(|(path, _)| path);
        let target = first.or(paths.first()).cloned().unwrap_or_default();
        Ok(Self { files, target })
    }

    /// The files as one tree; relative paths in it are made absolute.
    #[must_use]
    pub fn merged(&self) -> Value {
        let mut all = json!({"apiVersion": "v1", "kind": "Config", "preferences": {}});
        for list in LISTS {
            all[list] = Value::Null;
        }
        all["current-context"] = Value::from(self.current_context().unwrap_or_default());
        for (path, tree) in &self.files {
            let base = path.parent().unwrap_or(Path::new(""));
            for list in LISTS {
                for entry in tree[list].as_array().into_iter().flatten() {
                    add_absent(&mut all[list], anchored(entry, base));
                }
            }
        }
        all
    }

    /// The name of the context in use.
    #[must_use]
    pub fn current_context(&self) -> Option<&str> {
        let names = self.files.iter().map(|(_, tree)| &tree["current-context"]);
        names
            .filter_map(Value::as_str)
            .find(|name| !name.is_empty())
    }

    /// The file that has this entry of a list, or the one that new entries go to.
    #[must_use]
    pub fn home_of(&self, list: &str, name: &str) -> &Path {
        let has = |tree: &Value| find(&tree[list], name).is_some();
        let holder = self.files.iter().find(|(_, tree)| has(tree));
        holder.map_or(&self.target, |(path, _)| path)
    }

    /// The file that says which context is in use, or the one that new entries go to.
    #[must_use]
    pub fn home_of_current(&self) -> &Path {
        let says = |tree: &Value| {
            tree["current-context"]
                .as_str()
                .is_some_and(|s| !s.is_empty())
        };
        let holder = self.files.iter().find(|(_, tree)| says(tree));
        holder.map_or(&self.target, |(path, _)| path)
    }
}

/// The entry of a list that has this name.
pub(crate) fn find<'v>(list: &'v Value, name: &str) -> Option<&'v Value> {
    let mut entries = list.as_array()?.iter();
    entries.find(|entry| entry["name"] == name)
}

fn add_absent(list: &mut Value, entry: Value) {
    let name = entry["name"].as_str().unwrap_or_default();
    if find(list, name).is_some() {
        return;
    }
    match list.as_array_mut() {
        Some(entries) => entries.push(entry),
        None => *list = Value::Array(vec![entry]),
    }
}

/// The fields that name files, which are relative to the file they stand in.
const PATHS: [&str; 4] = [
    "certificate-authority",
    "client-certificate",
    "client-key",
    "tokenFile",
];

fn anchored(entry: &Value, base: &Path) -> Value {
    let mut entry = entry.clone();
    for part in ["cluster", "user"] {
        let Some(fields) = entry.get_mut(part).and_then(Value::as_object_mut) else {
            continue;
        };
        anchor_fields(fields, base);
    }
    entry
}

fn anchor_fields(fields: &mut Map<String, Value>, base: &Path) {
    for name in PATHS {
        if let Some(Value::String(path)) = fields.get_mut(name)
            && !path.is_empty()
            && Path::new(path.as_str()).is_relative()
        {
            *path = base.join(path.as_str()).to_string_lossy().into_owned();
        }
    }
}
