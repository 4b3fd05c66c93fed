//! The ConfigMaps and Secrets that a pod refers to, wherever it does.

use std::collections::BTreeSet;

use k8s_openapi::api::core::v1::{Container, Pod, PodSpec, Volume};

use gantry_api::views::Meta;

/// A kind of object that pods refer to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// See its name.
    ConfigMap,
    /// See its name.
    Secret,
}

/// One object that a pod refers to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Reference {
    /// Its kind.
    pub kind: Kind,
    /// Its namespace, which is the pod's.
    pub namespace: String,
    /// Its name.
    pub name: String,
}

/// Everything that the pod refers to.
#[must_use]
pub fn references(pod: &Pod) -> BTreeSet<Reference> {
    let mut names = BTreeSet::new();
    if let Some(spec) = &pod.spec {
        of_volumes(spec, &mut names);
        for container in crate::pod::all_containers(pod) {
            of_environment(container, &mut names);
        }
        let pulls = spec.image_pull_secrets.iter().flatten();
        names.extend(pulls.map(|secret| (Kind::Secret, secret.name.as_str())));
    }
    let reference = |(kind, name): (Kind, &str)| Reference {
        kind,
        namespace: pod.namespace().to_owned(),
        name: name.to_owned(),
    };
    let named = names.into_iter().filter(|(_, name)| !name.is_empty());
    named.map(reference).collect()
}

/// What the pod's volumes hold.
pub(crate) fn of_volumes<'a>(spec: &'a PodSpec, names: &mut BTreeSet<(Kind, &'a str)>) {
    for volume in spec.volumes.iter().flatten() {
        of_volume(volume, names);
    }
}

fn of_volume<'a>(volume: &'a Volume, names: &mut BTreeSet<(Kind, &'a str)>) {
    let map = volume
        .config_map
        .as_ref()
        .map(|source| source.name.as_str());
    names.extend(map.map(|name| (Kind::ConfigMap, name)));
    let secret = volume
        .secret
        .as_ref()
        .and_then(|source| source.secret_name.as_deref());
    names.extend(secret.map(|name| (Kind::Secret, name)));
    let parts = volume
        .projected
        .iter()
        .flat_map(|source| source.sources.iter().flatten());
    for part in parts {
        let map = part.config_map.as_ref().map(|source| source.name.as_str());
        names.extend(map.map(|name| (Kind::ConfigMap, name)));
        let secret = part.secret.as_ref().map(|source| source.name.as_str());
        names.extend(secret.map(|name| (Kind::Secret, name)));
    }
}

fn of_environment<'a>(container: &'a Container, names: &mut BTreeSet<(Kind, &'a str)>) {
    for source in container.env_from.iter().flatten() {
        let map = source
            .config_map_ref
            .as_ref()
            .map(|source| source.name.as_str());
        names.extend(map.map(|name| (Kind::ConfigMap, name)));
        let secret = source
            .secret_ref
            .as_ref()
            .map(|source| source.name.as_str());
        names.extend(secret.map(|name| (Kind::Secret, name)));
    }
    let sources = container
        .env
        .iter()
        .flatten()
        .filter_map(|var| var.value_from.as_ref());
    for source in sources {
        let map = source
            .config_map_key_ref
            .as_ref()
            .map(|source| source.name.as_str());
        names.extend(map.map(|name| (Kind::ConfigMap, name)));
        let secret = source
            .secret_key_ref
            .as_ref()
            .map(|source| source.name.as_str());
        names.extend(secret.map(|name| (Kind::Secret, name)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn references_are_found_wherever_they_are_made() {
        let pod: Pod = serde_json::from_value(json!({
            "metadata": {"name": "p", "namespace": "n"},
            "spec": {
                "imagePullSecrets": [{"name": "pull"}],
                "volumes": [
                    {"name": "a", "configMap": {"name": "map"}},
                    {"name": "b", "projected": {"sources": [{"secret": {"name": "part"}}]}},
                ],
                "initContainers": [{"name": "i", "envFrom": [{"secretRef": {"name": "all"}}]}],
                "containers": [{"name": "c", "env": [
                    {"name": "X", "valueFrom": {"configMapKeyRef": {"name": "map", "key": "k"}}},
                ]}],
            },
        }))
        .unwrap();
        let found: Vec<String> = references(&pod)
            .into_iter()
            .map(|found| format!("{:?} {}/{}", found.kind, found.namespace, found.name))
            .collect();
        assert_eq!(
            found,
            [
                "ConfigMap n/map",
                "Secret n/all",
                "Secret n/part",
                "Secret n/pull"
            ]
        );
    }
}
