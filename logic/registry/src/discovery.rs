//! What is served, as clients discover it: group by group, and all at once.
//!
//! Everything is derived from the descriptors; nothing is listed by hand.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use serde_json::{Value, json};

use gantry_api::GroupVersion;
use gantry_kinds::bootstrap::group_priority;
use gantry_kinds::{Descriptor, Scope, Subresource};

use crate::registry::Registry;

/// The groups, each with its versions, in the order in which clients should prefer them.
fn groups(registry: &Registry) -> Vec<(&str, Vec<&str>)> {
    let mut groups: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for kind in registry.kinds() {
        let versions = groups.entry(&kind.names.group).or_default();
        if !versions.contains(&kind.names.version.as_ref()) {
            versions.push(&kind.names.version);
        }
    }
    for versions in groups.values_mut() {
        versions.sort_by_key(|version| priority(version));
    }
    let mut groups: Vec<(&str, Vec<&str>)> = groups.into_iter().collect();
    groups.sort_by_key(|(name, _)| Reverse(group_priority(name)));
    groups
}

/// The versions of one group.
fn versions<'a>(registry: &'a Registry, group: &str) -> Option<Vec<&'a str>> {
    let mut groups = groups(registry).into_iter();
    Some(groups.find(|(name, _)| *name == group)?.1)
}

/// Stable before beta before alpha; newer before older.
fn priority(version: &str) -> (u8, i64, i64) {
    let rest = version.strip_prefix('v').unwrap_or(version);
    let digits = rest
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(rest.len());
    let number = |text: &str| -text.parse::<i64>().unwrap_or(0);
    let (major, rest) = rest.split_at(digits);
    let (stage, minor) = if let Some(minor) = rest.strip_prefix("beta") {
        (1, minor)
    } else if let Some(minor) = rest.strip_prefix("alpha") {
        (2, minor)
    } else {
        (0, "")
    };
    (stage, number(major), number(minor))
}

impl Registry {
    /// `/api`: the versions of the core group. `address` is where clients reach the server.
    #[must_use]
    pub fn core_versions(&self, address: &str) -> Value {
        json!({
            "kind": "APIVersions",
            "versions": versions(self, "").unwrap_or_default(),
            "serverAddressByClientCIDRs": [
                {"clientCIDR": "0.0.0.0/0", "serverAddress": address},
            ],
        })
    }

    /// `/apis`: all other groups.
    #[must_use]
    pub fn group_list(&self) -> Value {
        let groups = groups(self);
        let named = groups.iter().filter(|(name, _)| !name.is_empty());
        let groups: Vec<Value> = named
            .map(|(name, versions)| group(name, versions))
            .collect();
        json!({"kind": "APIGroupList", "apiVersion": "v1", "groups": groups})
    }

    /// `/apis/<group>`, if there is that group.
    #[must_use]
    pub fn group(&self, name: &str) -> Option<Value> {
        let versions = versions(self, name).filter(|_| !name.is_empty())?;
        let mut group = group(name, &versions);
        group["kind"] = Value::from("APIGroup");
        group["apiVersion"] = Value::from("v1");
        Some(group)
    }

    /// `/api/v1` and `/apis/<group>/<version>`: the resources of one version, if it is served.
    #[must_use]
    pub fn resource_list(&self, version: &GroupVersion) -> Option<Value> {
        let kinds: Vec<&Descriptor> = self.kinds_of(version).collect();
        if kinds.is_empty() {
            return None;
        }
        let resources: Vec<Value> = kinds.into_iter().flat_map(resources).collect();
        Some(json!({
            "kind": "APIResourceList",
            "apiVersion": "v1",
            "groupVersion": version.to_string(),
            "resources": resources,
        }))
    }

    /// Everything below `/api` (the core group) or `/apis` (all others) at once, in version
    /// `version` of the discovery group: `v2` or `v2beta1`.
    #[must_use]
    pub fn aggregated(&self, core: bool, version: &str) -> Value {
        let groups = groups(self);
        let wanted = groups.iter().filter(|(name, _)| name.is_empty() == core);
        let items: Vec<Value> = wanted
            .map(|(name, versions)| {
                let versions = versions
                    .iter()
                    .map(|version| self.aggregated_version(name, version));
                let versions: Vec<Value> = versions.collect();
                json!({
                    "metadata": {"name": name, "creationTimestamp": null},
                    "versions": versions,
                })
            })
            .collect();
        json!({
            "kind": "APIGroupDiscoveryList",
            "apiVersion": format!("apidiscovery.k8s.io/{version}"),
            "metadata": {},
            "items": items,
        })
    }

    fn aggregated_version(&self, group: &str, version: &str) -> Value {
        let wanted = GroupVersion::new(group, version);
        let resources: Vec<Value> = self.kinds_of(&wanted).map(aggregated).collect();
        json!({"version": version, "freshness": "Current", "resources": resources})
    }

    /// The kinds of one version.
    pub(crate) fn kinds_of(&self, version: &GroupVersion) -> impl Iterator<Item = &Descriptor> {
        let version = version.clone();
        let kinds = self.kinds().iter().map(AsRef::as_ref);
        kinds.filter(move |kind: &&Descriptor| {
            kind.names.group == version.group && kind.names.version == version.version
        })
    }
}

fn group(name: &str, versions: &[&str]) -> Value {
    let version =
        |version: &&str| json!({"groupVersion": format!("{name}/{version}"), "version": version});
    let versions: Vec<Value> = versions.iter().map(version).collect();
    json!({"name": name, "preferredVersion": versions.first(), "versions": versions})
}

fn resources(kind: &Descriptor) -> Vec<Value> {
    let names = &kind.names;
    let mut resource = json!({
        "name": names.plural,
        "singularName": names.singular,
        "namespaced": kind.scope == Scope::Namespaced,
        "kind": names.kind,
        "verbs": kind.verbs.names(),
    });
    for (field, list) in [
        ("shortNames", &names.short),
        ("categories", &names.categories),
    ] {
        if !list.is_empty() {
            resource[field] = json!(list);
        }
    }
    if !kind.storage_version_hash.is_empty() {
        resource["storageVersionHash"] = Value::from(kind.storage_version_hash.as_str());
    }
    let parts = kind
        .subresources
        .iter()
        .map(|part| subresource(kind, *part));
    std::iter::once(resource).chain(parts).collect()
}

fn subresource(kind: &Descriptor, part: Subresource) -> Value {
    let names = &kind.names;
    let mut resource = json!({
        "name": format!("{}/{}", names.plural, part.name()),
        "singularName": "",
        "namespaced": kind.scope == Scope::Namespaced,
        "kind": names.kind,
        "verbs": part.verbs(),
    });
    if let Some((group, version, spoken)) = part.speaks(&names.kind) {
        resource["kind"] = Value::from(spoken);
        if group != names.group || version != names.version {
            resource["group"] = Value::from(group);
            resource["version"] = Value::from(version);
        }
    }
    resource
}

fn aggregated(kind: &Descriptor) -> Value {
    let names = &kind.names;
    let scope = match kind.scope {
        Scope::Cluster => "Cluster",
        Scope::Namespaced => "Namespaced",
    };
    let mut resource = json!({
        "resource": names.plural,
        "responseKind": {"group": names.group, "version": names.version, "kind": names.kind},
        "scope": scope,
        "singularResource": names.singular,
        "verbs": kind.verbs.names(),
    });
    for (field, list) in [
        ("shortNames", &names.short),
        ("categories", &names.categories),
    ] {
        if !list.is_empty() {
            resource[field] = json!(list);
        }
    }
    if !kind.subresources.is_empty() {
        let parts = kind
            .subresources
            .iter()
            .map(|part| aggregated_part(kind, *part));
        resource["subresources"] = parts.collect();
    }
    resource
}

fn aggregated_part(kind: &Descriptor, part: Subresource) -> Value {
    let names = &kind.names;
    let own = (
        names.group.as_ref(),
        names.version.as_ref(),
        names.kind.as_ref(),
    );
    let (group, version, spoken) = part.speaks(&names.kind).unwrap_or(own);
    json!({
        "subresource": part.name(),
        "responseKind": {"group": group, "version": version, "kind": spoken},
        "verbs": part.verbs(),
    })
}
