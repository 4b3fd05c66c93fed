//! One `APIService` for each version of each group that this server serves itself.

use std::collections::{BTreeMap, BTreeSet};

use gantry_api::{GroupVersion, Object};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use k8s_openapi::kube_aggregator::pkg::apis::apiregistration::v1::{APIService, APIServiceSpec};

use super::{finished, named};
use crate::apiregistration::APIServices;
use crate::builtin;

/// The label of what a server puts in order: when it starts, or always.
pub const MANAGED: &str = "kube-aggregator.kubernetes.io/automanaged";
/// The group of the registrations themselves is always there; it is not registered, and comes first.
const OWN_GROUP: &str = "apiregistration.k8s.io";

/// Groups in the order in which clients that must choose prefer them: the higher, the earlier.
const PRIORITIES: [(&str, i32); 20] = [
    ("", 18_000),
    ("apps", 17_800),
    ("events.k8s.io", 17_750),
    ("authentication.k8s.io", 17_700),
    ("authorization.k8s.io", 17_600),
    ("autoscaling", 17_500),
    ("batch", 17_400),
    ("certificates.k8s.io", 17_300),
    ("networking.k8s.io", 17_200),
    ("policy", 17_100),
    ("rbac.authorization.k8s.io", 17_000),
    ("storage.k8s.io", 16_800),
    ("admissionregistration.k8s.io", 16_700),
    ("apiextensions.k8s.io", 16_700),
    ("scheduling.k8s.io", 16_600),
    ("coordination.k8s.io", 16_500),
    ("node.k8s.io", 16_300),
    ("discovery.k8s.io", 16_200),
    ("resource.k8s.io", 16_200),
    ("flowcontrol.apiserver.k8s.io", 16_100),
];
/// The priority of a group that the table does not know: one that users defined.
const OTHER_GROUP: i32 = 1000;

/// How early those who must choose prefer a group: the higher, the earlier.
#[must_use]
pub fn group_priority(group: &str) -> i32 {
    if group == OWN_GROUP {
        return i32::MAX;
    }
    let known = PRIORITIES.iter().find(|(known, _)| *known == group);
    known.map_or(OTHER_GROUP, |(_, priority)| *priority)
}

/// Whether this server was built to serve a group.
#[must_use]
pub fn is_own_group(group: &str) -> bool {
    group == OWN_GROUP || PRIORITIES.iter().any(|(known, _)| *known == group)
}

/// The objects, derived from the kinds.
pub(super) fn objects() -> Vec<Object> {
    let kinds = builtin();
    let served: BTreeSet<GroupVersion> = kinds
        .iter()
        .map(|kind| kind.names.group_version())
        .collect();
    let served = served.into_iter().filter(|own| own.group != OWN_GROUP);
    served
        .map(|own| finished::<APIServices>(registration(&own, "onstart")))
        .collect()
}

/// How this server registers a version of a group that it serves itself; `mark` says since when.
#[must_use]
pub fn registration(own: &GroupVersion, mark: &str) -> APIService {
    let mark = (MANAGED.to_owned(), mark.to_owned());
    let metadata = ObjectMeta {
        labels: Some(BTreeMap::from([mark])),
        ..named(&format!("{}.{}", own.version, own.group))
    };
    APIService {
        metadata,
        spec: Some(APIServiceSpec {
            group: Some(own.group.clone()).filter(|group| !group.is_empty()),
            group_priority_minimum: group_priority(&own.group),
            version_priority: version_priority(own),
            version: Some(own.version.clone()),
            ..APIServiceSpec::default()
        }),
        status: None,
    }
}

fn version_priority(own: &GroupVersion) -> i32 {
    match (own.group.as_str(), own.version.as_str()) {
        ("", _) => 1,
        ("autoscaling", "v2") => 30,
        ("flowcontrol.apiserver.k8s.io", _) => 21,
        ("resource.k8s.io", _) => 20,
        (group, _) if !is_own_group(group) => 100,
        _ => 15,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_group_of_a_built_in_kind_is_known() {
        let kinds = builtin();
        let unknown = kinds.iter().map(|kind| &kind.names.group);
        let unknown = unknown.filter(|group| !is_own_group(group));
        assert_eq!(unknown.collect::<Vec<_>>(), Vec::<&String>::new());
    }
}
