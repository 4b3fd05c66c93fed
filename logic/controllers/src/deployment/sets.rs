//! A deployment's replica sets, told apart into the new one and the old ones, and the bounds that
//! its strategy sets.

use std::sync::Arc;

use k8s_openapi::api::apps::v1::{Deployment, DeploymentSpec, ReplicaSet};
use k8s_openapi::api::core::v1::PodTemplateSpec;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use serde_json::json;

use gantry_api::views::Meta;
use gantry_reconcile::{EventNote, Plan, Write};

use super::World;
use super::revision::HASH_LABEL;

/// The annotations by which a set remembers what the deployment wanted when it was scaled.
pub(super) const DESIRED: &str = "deployment.kubernetes.io/desired-replicas";
/// See [`DESIRED`].
pub(super) const MOST: &str = "deployment.kubernetes.io/max-replicas";

/// The replica sets of one deployment.
#[derive(Debug)]
pub(super) struct Sets<'a> {
    pub(super) deployment: &'a Deployment,
    pub(super) spec: &'a DeploymentSpec,
    /// The set with today's template, if there is one.
    pub(super) new: Option<&'a Arc<ReplicaSet>>,
    /// All others, eldest first.
    pub(super) old: Vec<&'a Arc<ReplicaSet>>,
}

impl<'a> Sets<'a> {
    pub(super) fn of(world: &'a World) -> Option<Self> {
        let spec = world.deployment.spec.as_ref()?;
        let mut owned: Vec<&Arc<ReplicaSet>> = world.claims.owned.iter().collect();
        owned.sort_by_key(|set| (set.created_at(), set.name().to_owned()));
        let new = owned
            .iter()
            .copied()
            .find(|set| has_template(set, &spec.template));
        let old = owned
            .into_iter()
            .filter(|set| new.is_none_or(|new| new.uid() != set.uid()));
        Some(Self {
            deployment: &world.deployment,
            spec,
            new,
            old: old.collect(),
        })
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &'a Arc<ReplicaSet>> + '_ {
        self.old.iter().copied().chain(self.new)
    }

    /// The number of replicas that users ask for.
    pub(super) fn wanted(&self) -> i32 {
        self.spec.replicas.unwrap_or(0)
    }

    pub(super) fn recreates(&self) -> bool {
        let strategy = self
            .spec
            .strategy
            .as_ref()
            .and_then(|strategy| strategy.type_.as_deref());
        strategy == Some("Recreate")
    }

    /// How many pods there may be in all.
    pub(super) fn most(&self) -> i32 {
        self.wanted() + self.surge()
    }

    /// How many pods have to be available at least.
    pub(super) fn least_available(&self) -> i32 {
        self.wanted() - self.unavailable()
    }

    fn surge(&self) -> i32 {
        if self.recreates() || self.wanted() == 0 {
            0
        } else {
            self.bounds().0
        }
    }

    /// How many pods may be unavailable.
    pub(super) fn unavailable(&self) -> i32 {
        if self.recreates() || self.wanted() == 0 {
            0
        } else {
            self.bounds().1.min(self.wanted())
        }
    }

    /// Surge rounds up, unavailability down; when both are nothing, one pod may be unavailable, or
    /// nothing could ever move.
    fn bounds(&self) -> (i32, i32) {
        let rolling = self
            .spec
            .strategy
            .as_ref()
            .and_then(|strategy| strategy.rolling_update.as_ref());
        let surge = rolling.and_then(|rolling| rolling.max_surge.as_ref());
        let unavailable = rolling.and_then(|rolling| rolling.max_unavailable.as_ref());
        let surge = surge.map_or(0, |bound| part(bound, self.wanted(), Rounding::Up));
        let unavailable = unavailable.map_or(0, |bound| part(bound, self.wanted(), Rounding::Down));
        if surge == 0 && unavailable == 0 {
            (0, 1)
        } else {
            (surge, unavailable)
        }
    }

    /// Deletes old, empty sets beyond the number that users want to be able to go back to.
    pub(super) fn forget_old(&self, plan: &mut Plan<Write>) {
        let Some(limit) = self
            .spec
            .revision_history_limit
            .and_then(|limit| usize::try_from(limit).ok())
        else {
            return;
        };
        let mut empty: Vec<_> = self.old.iter().filter(|set| is_empty(set)).collect();
        empty.sort_by_key(|set| super::revision::number(set.as_ref()));
        let surplus = empty.len().saturating_sub(limit);
        for set in empty.into_iter().take(surplus) {
            plan.act(Write::delete(set.as_ref()));
            plan.explain(
                format!("delete replicaset/{}", set.name()),
                "it exceeds the history limit",
            );
        }
    }
}

fn is_empty(set: &ReplicaSet) -> bool {
    let status_replicas = set.status.as_ref().map_or(0, |status| status.replicas);
    replicas(set) == 0 && status_replicas == 0 && !set.is_terminating()
}

/// Whether the set makes pods from this template, the label that tells sets apart aside.
fn has_template(set: &ReplicaSet, template: &PodTemplateSpec) -> bool {
    let own = set.spec.as_ref().and_then(|spec| spec.template.clone());
    own.is_some_and(|mut own| {
        if let Some(labels) = own.metadata.as_mut().and_then(|meta| meta.labels.as_mut()) {
            labels.remove(HASH_LABEL);
        }
        let mut template = template.clone();
        if let Some(labels) = template
            .metadata
            .as_mut()
            .and_then(|meta| meta.labels.as_mut())
        {
            labels.remove(HASH_LABEL);
        }
        own == template
    })
}

/// The number of pods that the set is asked for.
pub(super) fn replicas(set: &ReplicaSet) -> i32 {
    set.spec
        .as_ref()
        .and_then(|spec| spec.replicas)
        .unwrap_or(0)
}

/// The number of its pods that are available, and meant to stay: a status that was written before
/// the set was made smaller counts those that are about to go.
pub(super) fn available(set: &ReplicaSet) -> i32 {
    let status = set.status.as_ref();
    let available = status.and_then(|status| status.available_replicas);
    available.unwrap_or(0).min(replicas(set))
}

/// Asks `set` for another number of pods, and notes what for.
pub(super) fn resize(sets: &Sets<'_>, set: &ReplicaSet, count: i32, plan: &mut Plan<Write>) {
    let now = replicas(set);
    let (wanted, most) = (sets.wanted().to_string(), sets.most().to_string());
    let noted = |key: &str, value: &str| {
        set.annotations()
            .get(key)
            .is_some_and(|known| known == value)
    };
    if now == count && noted(DESIRED, &wanted) && noted(MOST, &most) {
        return;
    }
    plan.act(Write::Patch {
        key: set.key(),
        uid: set.uid().to_owned(),
        patch: json!({
            "metadata": {
                "resourceVersion": set.resource_version(),
                "annotations": {DESIRED: wanted, MOST: most},
            },
            "spec": {"replicas": count},
        }),
        subresource: None,
    });
    if now != count {
        let direction = if count > now { "up" } else { "down" };
        let message = format!(
            "Scaled {direction} replica set {} from {now} to {count}",
            set.name()
        );
        plan.act(Write::Note(EventNote::normal(
            sets.deployment,
            "ScalingReplicaSet",
            message,
        )));
    }
}

#[derive(Clone, Copy)]
enum Rounding {
    Up,
    Down,
}

/// A number, or a percentage of `whole`. What is no percentage counts as nothing.
fn part(bound: &IntOrString, whole: i32, rounding: Rounding) -> i32 {
    match bound {
        IntOrString::Int(count) => *count,
        IntOrString::String(text) => {
            let percent: i32 = text
                .strip_suffix('%')
                .and_then(|number| number.parse().ok())
                .unwrap_or(0);
            let product = whole.saturating_mul(percent);
            match rounding {
                Rounding::Up => product.saturating_add(99) / 100,
                Rounding::Down => product / 100,
            }
        }
    }
}
