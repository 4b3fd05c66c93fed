//! The numbering of templates: which set is which revision, and what it is called.

use k8s_openapi::api::apps::v1::{Deployment, ReplicaSet, ReplicaSetSpec};
use k8s_openapi::api::core::v1::PodTemplateSpec;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use serde_json::{Map, Value, json};

use gantry_api::views::Meta;
use gantry_base::hash::Fnv;
use gantry_base::selector::Labels;
use gantry_reconcile::{EventNote, Plan, Write};

use super::World;
use super::sets::{DESIRED, MOST, Sets};
use crate::claims::made_by;

/// The label that tells the pods of one set from those of another.
pub(super) const HASH_LABEL: &str = "pod-template-hash";
/// The annotation with a set's, and the deployment's, revision number.
pub(super) const REVISION: &str = "deployment.kubernetes.io/revision";
/// The annotation with the numbers a set had before it was rolled back to.
const HISTORY: &str = "deployment.kubernetes.io/revision-history";

/// A deployment's annotations that are its own business, not its sets'.
const NOT_COPIED: [&str; 6] = [
    "kubectl.kubernetes.io/last-applied-configuration",
    "deprecated.deployment.rollback.to",
    REVISION,
    HISTORY,
    DESIRED,
    MOST,
];

/// The revision number of a set; zero when it has none.
pub(super) fn number(set: &ReplicaSet) -> i64 {
    set.annotations()
        .get(REVISION)
        .and_then(|text| text.parse().ok())
        .unwrap_or(0)
}

fn next_number(sets: &Sets<'_>) -> i64 {
    sets.old.iter().map(|set| number(set)).max().unwrap_or(0) + 1
}

/// Gives the new set the highest number and today's annotations, and the deployment its number.
pub(super) fn renumber(world: &World, sets: &Sets<'_>, plan: &mut Plan<Write>) {
    let Some(new) = sets.new else { return };
    let number = next_number(sets).max(number(new));
    let annotations = annotations(sets, new, number);
    let changed: Map<String, Value> = annotations
        .into_iter()
        .filter(|(key, value)| new.annotations().get(key) != Some(value))
        .map(|(key, value)| (key, Value::from(value)))
        .collect();
    let min_ready = sets.spec.min_ready_seconds;
    let own_min_ready = new.spec.as_ref().and_then(|spec| spec.min_ready_seconds);
    if !changed.is_empty() || min_ready.unwrap_or(0) != own_min_ready.unwrap_or(0) {
        let mut patch = json!({"metadata": {
            "resourceVersion": new.resource_version(),
            "annotations": changed,
        }});
        if min_ready.unwrap_or(0) != own_min_ready.unwrap_or(0) {
            patch["spec"] = json!({"minReadySeconds": min_ready});
        }
        plan.act(Write::Patch {
            key: new.key(),
            uid: new.uid().to_owned(),
            patch,
            subresource: None,
        });
    }
    stamp(world, number, plan);
}

/// Writes the number of the newest revision on the deployment itself.
fn stamp(world: &World, number: i64, plan: &mut Plan<Write>) {
    let number = number.to_string();
    if world.deployment.annotations().get(REVISION) == Some(&number) {
        return;
    }
    let mut stamped = Deployment::clone(&world.deployment);
    let annotations = stamped.metadata.annotations.get_or_insert_default();
    annotations.insert(REVISION.to_owned(), number);
    plan.act(Write::update(&stamped));
}

/// What the set's annotations should be: the deployment's, and its number with those it had.
fn annotations(sets: &Sets<'_>, set: &ReplicaSet, new_number: i64) -> Labels {
    let mut annotations = copied(sets);
    let old_number = number(set);
    annotations.insert(REVISION.to_owned(), new_number.to_string());
    if 0 < old_number && old_number < new_number {
        let history = set
            .annotations()
            .get(HISTORY)
            .filter(|history| !history.is_empty());
        let history = history.map_or_else(String::new, |history| format!("{history},"));
        annotations.insert(HISTORY.to_owned(), format!("{history}{old_number}"));
    }
    annotations
}

fn copied(sets: &Sets<'_>) -> Labels {
    let own = sets.deployment.annotations().iter();
    let own = own.filter(|(key, _)| !NOT_COPIED.contains(&key.as_str()));
    own.map(|(key, value)| (key.clone(), value.clone()))
        .collect()
}

/// Creates the set for today's template with `count` pods.
pub(super) fn create(world: &World, sets: &Sets<'_>, count: i32, plan: &mut Plan<Write>) {
    let collisions = sets
        .deployment
        .status
        .as_ref()
        .and_then(|status| status.collision_count);
    let hash = template_hash(&sets.spec.template, collisions.unwrap_or(0));
    let name = format!("{}-{hash}", sets.deployment.name());
    let number = next_number(sets);
    let mut metadata = made_by(sets.deployment, name.clone());
    let mut annotations = copied(sets);
    annotations.insert(REVISION.to_owned(), number.to_string());
    annotations.insert(DESIRED.to_owned(), sets.wanted().to_string());
    annotations.insert(MOST.to_owned(), sets.most().to_string());
    metadata.annotations = Some(annotations);
    let template = labelled(&sets.spec.template, &hash);
    metadata.labels = template
        .metadata
        .as_ref()
        .and_then(|meta| meta.labels.clone());
    let spec = ReplicaSetSpec {
        replicas: Some(count),
        min_ready_seconds: sets.spec.min_ready_seconds,
        selector: narrowed(&sets.spec.selector, &hash),
        template: Some(template),
    };
    plan.act(Write::create(&ReplicaSet {
        metadata,
        spec: Some(spec),
        status: None,
    }));
    let message = format!("Scaled up replica set {name} from 0 to {count}");
    if count > 0 {
        plan.act(Write::Note(EventNote::normal(
            sets.deployment,
            "ScalingReplicaSet",
            message,
        )));
    }
    stamp(world, number, plan);
}

/// A name for a template: equal templates have equal names.
fn template_hash(template: &PodTemplateSpec, collisions: i32) -> String {
    let tree = serde_json::to_vec(template).expect("a template is plain data");
    Fnv::default()
        .with(&tree)
        .with(&collisions.to_be_bytes())
        .letters(10)
}

fn labelled(template: &PodTemplateSpec, hash: &str) -> PodTemplateSpec {
    let mut template = template.clone();
    let labels = template
        .metadata
        .get_or_insert_default()
        .labels
        .get_or_insert_default();
    labels.insert(HASH_LABEL.to_owned(), hash.to_owned());
    template
}

fn narrowed(selector: &LabelSelector, hash: &str) -> LabelSelector {
    let mut selector = selector.clone();
    let labels = selector.match_labels.get_or_insert_default();
    labels.insert(HASH_LABEL.to_owned(), hash.to_owned());
    selector
}
