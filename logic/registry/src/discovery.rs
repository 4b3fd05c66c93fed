//! What is served, as clients discover it: group by group, and all at once.
//!
//! Everything is derived from the descriptors, or was said by the servers behind this one; nothing is
//! listed by hand.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use serde_json::{Value, json};

use gantry_api::GroupVersion;
use gantry_kinds::bootstrap::group_priority;
use gantry_kinds::{Descriptor, Scope, Subresource};

use crate::registry::Registry;

/// One version of a group that another server serves, as far as it is known here.
#[derive(Clone, Debug, PartialEq)]
pub struct Other {
    /// What it serves.
    pub version: GroupVersion,
    /// How early clients prefer the group: the higher, the earlier.
    pub group_priority: i32,
    /// How early they prefer the version within the group.
    pub version_priority: i32,
    /// Its resources, as [`resources`](crate::extensions::discovered::resources) reads them.
    pub resources: Vec<Value>,
    /// Whether that is what it serves now, and not what it served when it last answered.
    pub is_current: bool,
}

/// How early clients prefer a version of this server's own.
const OWN_VERSION: i32 = 100;

/// A group: how early clients prefer it, and its versions with how early they prefer each.
#[derive(Debug, Default)]
struct Group<'a> {
    priority: i32,
    versions: Vec<(i32, &'a str)>,
}

/// The groups, each with its versions, in the order in which clients should prefer them.
fn groups<'a>(registry: &'a Registry, others: &'a [Other]) -> Vec<(&'a str, Vec<&'a str>)> {
    let mut groups: BTreeMap<&str, Group<'_>> = BTreeMap::new();
    let mut add = |name: &'a str, priority: i32, version: (i32, &'a str)| {
        let group = groups.entry(name).or_default();
        group.priority = group.priority.max(priority);
        if group.versions.iter().all(|(_, known)| *known != version.1) {
            group.versions.push(version);
        }
    };
    for other in others {
        let GroupVersion { group, version } = &other.version;
        add(
            group,
            other.group_priority,
            (other.version_priority, version),
        );
    }
    for kind in registry.kinds() {
        let (group, version) = (&kind.names.group, &kind.names.version);
        add(group, group_priority(group), (OWN_VERSION, version));
    }
    for group in groups.values_mut() {
        let versions = &mut group.versions;
        versions.sort_by_key(|(own, version)| (Reverse(*own), priority(version)));
    }
    let mut groups: Vec<(&str, Group<'_>)> = groups.into_iter().collect();
    groups.sort_by_key(|(_, group)| Reverse(group.priority));
    let names = |group: Group<'a>| group.versions.into_iter().map(|(_, name)| name).collect();
    groups
        .into_iter()
        .map(|(name, group)| (name, names(group)))
        .collect()
}

/// The versions of one group.
fn versions<'a>(registry: &'a Registry, others: &'a [Other], group: &str) -> Option<Vec<&'a str>> {
    let mut groups = groups(registry, others).into_iter();
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
            "versions": versions(self, &[], "").unwrap_or_default(),
            "serverAddressByClientCIDRs": [
                {"clientCIDR": "0.0.0.0/0", "serverAddress": address},
            ],
        })
    }

    /// `/apis`: all other groups, those of `others` among them.
    #[must_use]
    pub fn group_list(&self, others: &[Other]) -> Value {
        let groups = groups(self, others);
        let named = groups.iter().filter(|(name, _)| !name.is_empty());
        let groups: Vec<Value> = named
            .map(|(name, versions)| group(name, versions))
            .collect();
        json!({"kind": "APIGroupList", "apiVersion": "v1", "groups": groups})
    }

    /// `/apis/<group>`, if there is that group.
    #[must_use]
    pub fn group(&self, others: &[Other], name: &str) -> Option<Value> {
        let versions = versions(self, others, name).filter(|_| !name.is_empty())?;
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
    pub fn aggregated(&self, others: &[Other], core: bool, version: &str) -> Value {
        let groups = groups(self, others);
        let wanted = groups.iter().filter(|(name, _)| name.is_empty() == core);
        let items: Vec<Value> = wanted
            .map(|(name, versions)| {
                let versions = versions
                    .iter()
                    .map(|version| self.aggregated_version(others, name, version));
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

    fn aggregated_version(&self, others: &[Other], group: &str, version: &str) -> Value {
        let wanted = GroupVersion::new(group, version);
        if let Some(other) = others.iter().find(|other| other.version == wanted) {
            let freshness = if other.is_current { "Current" } else { "Stale" };
            let resources = &other.resources;
            return json!({"version": version, "freshness": freshness, "resources": resources});
        }
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
