//! Names that stay when hashes change: objects are counted in the order in which they came to be.
//!
//! A pod of the deployment `web` is `web-1`, whatever the real name; so is its first replica set.

use std::collections::BTreeMap;

use gantry_api::Object;

/// The names of a story.
#[derive(Debug, Default)]
pub(super) struct Names {
    /// What a real name is called, the longest names first.
    called: Vec<(String, String)>,
    counts: BTreeMap<(String, String, String), usize>,
    /// From what an object of a resource and namespace is called to its name.
    real: BTreeMap<(String, String, String), String>,
    /// In which order events came to be, by uid.
    events: BTreeMap<String, usize>,
}

impl Names {
    /// Learns of objects that came to be.
    pub(super) fn learn(&mut self, newborn: Vec<(String, Object)>) {
        for (resource, object) in newborn {
            if resource == "events" {
                let place = self.events.len();
                self.events.insert(object.uid().to_owned(), place);
                continue;
            }
            self.call_by("uid", object.uid());
            if let Some(base) = self.base(&resource, &object) {
                self.call(resource, &object, base);
            }
        }
    }

    fn call(&mut self, resource: String, object: &Object, base: String) {
        let namespace = object.namespace().to_owned();
        let count = (resource.clone(), namespace.clone(), base.clone());
        let count = self.counts.entry(count).or_default();
        *count += 1;
        let stable = format!("{base}-{count}");
        let name = object.name().to_owned();
        self.real
            .insert((resource, namespace, stable.clone()), name.clone());
        let hash = object.labels().get("pod-template-hash").cloned();
        if let Some(hash) = hash.filter(|_| object.kind() == "ReplicaSet") {
            let count = count.to_string();
            self.call_by(&count, &hash);
        }
        self.call_by(&stable, &name);
    }

    fn call_by(&mut self, stable: &str, name: &str) {
        let at = self
            .called
            .partition_point(|(known, _)| known.len() >= name.len());
        self.called.insert(at, (name.to_owned(), stable.to_owned()));
    }

    /// What a made-up name is made from; nothing for objects with names of their own.
    fn base(&self, resource: &str, object: &Object) -> Option<String> {
        let prefix = object.text(&["metadata", "generateName"]);
        let prefix = prefix.trim_end_matches('-');
        if !prefix.is_empty() {
            // The name of a replica set is made up, too.
            let known = self.called.iter().find(|(name, _)| name == prefix);
            let base = known.map_or(prefix, |(_, stable)| {
                stable.rsplit_once('-').map_or(prefix, |(base, _)| base)
            });
            return Some(base.to_owned());
        }
        if resource != "replicasets" {
            return None;
        }
        let owners = object.at(&["metadata", "ownerReferences"])?;
        Some(owners[0]["name"].as_str()?.to_owned())
    }

    /// A text with names that stay.
    pub(super) fn stable(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for (name, stable) in &self.called {
            if text.contains(name.as_str()) {
                text = text.replace(name.as_str(), stable);
            }
        }
        text
    }

    /// The name of what a story calls so.
    pub(super) fn real<'a>(&'a self, resource: &str, namespace: &str, called: &'a str) -> &'a str {
        let key = (resource.to_owned(), namespace.to_owned(), called.to_owned());
        self.real.get(&key).map_or(called, String::as_str)
    }

    /// How early an event came to be; nothing for other objects.
    pub(super) fn event(&self, uid: &str) -> Option<usize> {
        self.events.get(uid).copied()
    }
}
