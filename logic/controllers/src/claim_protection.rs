//! Keeps a claim for storage, once it is to go, until no pod that has a node uses it.
//!
//! A pod that is bound later does not start with a claim that is on its way out. So it is enough to
//! have seen the pods as far as the claim itself was written.

use std::sync::Arc;
use std::time::Duration;

use k8s_openapi::api::core::v1::{PersistentVolumeClaim, Pod, Volume};

use gantry_api::key::Revision;
use gantry_api::views::{Meta, PodView};
use gantry_api::{GroupResource, ObjectKey};
use gantry_base::Timestamp;
use gantry_reconcile::{Controller, Plan, Reconciler, Sources, View, Write};

use crate::held;

const FINALIZER: &str = "kubernetes.io/pvc-protection";
/// How soon to look again when the pods have not been seen far enough.
const LOOK: Duration = Duration::from_secs(1);

/// The controller that keeps claims in use.
#[derive(Clone, Copy, Debug, Default)]
pub struct ClaimProtection;

/// One claim, and who uses it.
#[derive(Debug)]
pub struct World {
    claim: Arc<PersistentVolumeClaim>,
    /// A pod that has a node and uses the claim.
    user: Option<String>,
    /// Whether all such pods would have been seen by now.
    is_sure: bool,
}

impl Controller for ClaimProtection {
    const NAME: &'static str = "pvc-protection-controller";

    fn sources(&self) -> Sources {
        let claims = |pod: &Pod, _: &View| {
            let claims = GroupResource::of::<PersistentVolumeClaim>();
            let key = |name: String| ObjectKey::new(claims.clone(), pod.namespace(), &name);
            claims_of(pod).map(key).collect()
        };
        Sources::new()
            .own::<PersistentVolumeClaim>()
            .mapped::<Pod>(claims)
    }

    fn observe(&self, view: &View, key: &ObjectKey, _now: Timestamp) -> Option<World> {
        let claim = view.get::<PersistentVolumeClaim>(&key.namespace, &key.name)?;
        let mut pods = view.within::<Pod>(&key.namespace);
        let user = pods.find(|pod| pod.node_name().is_some() && uses(pod, &key.name));
        let written = claim.resource_version().parse().map(Revision).ok();
        Some(World {
            user: user.map(|pod| pod.name().to_owned()),
            is_sure: view.revision(&GroupResource::of::<Pod>()) >= written,
            claim,
        })
    }
}

impl Reconciler for ClaimProtection {
    type Key = ObjectKey;
    type World = World;
    type Action = Write;

    fn reconcile(&self, world: &World) -> Plan<Write> {
        let mut plan = Plan::default();
        let claim = world.claim.as_ref();
        if !claim.is_terminating() {
            plan.actions.extend(held::hold(claim, FINALIZER));
        } else if held::is_held(claim, FINALIZER) {
            let about = format!("persistentvolumeclaim/{}", claim.name());
            match &world.user {
                Some(pod) => plan.explain(about, format!("kept while pod {pod} uses it")),
                None if !world.is_sure => plan.recheck_after(LOOK),
                None => {
                    plan.explain(about, "let go, since no pod uses it");
                    plan.act(held::release(claim, FINALIZER));
                }
            }
        }
        plan
    }
}

fn uses(pod: &Pod, claim: &str) -> bool {
    claims_of(pod).any(|name| name == claim)
}

/// The names of the claims that a pod uses: those it names, and those that are made for it.
fn claims_of(pod: &Pod) -> impl Iterator<Item = String> + '_ {
    let volumes = pod
        .spec
        .iter()
        .flat_map(|spec| spec.volumes.iter().flatten());
    volumes.filter_map(|volume: &Volume| match &volume.persistent_volume_claim {
        Some(source) => Some(source.claim_name.clone()),
        None => {
            let made = volume.ephemeral.as_ref();
            made.map(|_| format!("{}-{}", pod.name(), volume.name))
        }
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::testing::{plan_for, put, shown};

    fn claim(metadata: Value) -> Value {
        let mut all = json!({"name": "data", "namespace": "a", "uid": "1", "resourceVersion": "7"});
        for (field, value) in metadata.as_object().unwrap() {
            all[field] = value.clone();
        }
        json!({ "metadata": all })
    }

    fn going() -> Value {
        claim(json!({
            "deletionTimestamp": "2026-01-01T11:00:00Z",
            "finalizers": ["example.com/other", FINALIZER],
        }))
    }

    fn pod(node: &str, volume: Value) -> Value {
        json!({
            "metadata": {"name": "p", "namespace": "a", "uid": "p"},
            "spec": {"nodeName": node, "containers": [], "volumes": [volume]},
        })
    }

    fn plan(view: &View) -> Plan<Write> {
        plan_for::<_, PersistentVolumeClaim>(&ClaimProtection, view, ("a", "data"))
    }

    fn seen(view: &mut View, revision: u64) {
        view.reached(&GroupResource::of::<Pod>(), Revision(revision));
    }

    #[test]
    fn a_claim_that_stays_is_held() {
        let mut view = View::default();
        put::<PersistentVolumeClaim>(&mut view, claim(json!({})));
        assert_eq!(shown(&plan(&view)), "update persistentvolumeclaims data \n");
        put::<PersistentVolumeClaim>(&mut view, claim(json!({"finalizers": [FINALIZER]})));
        assert_eq!(plan(&view), Plan::nothing());
    }

    #[test]
    fn a_claim_goes_when_its_last_pod_is_gone_and_that_is_certain() {
        let mut view = View::default();
        put::<PersistentVolumeClaim>(&mut view, going());
        seen(&mut view, 6);
        assert_eq!(shown(&plan(&view)), "recheck in 1s\n");
        seen(&mut view, 7);
        let plan = plan(&view);
        assert_eq!(shown(&plan), "update persistentvolumeclaims data \n");
        let Write::Update { object, .. } = &plan.actions[0] else {
            panic!("{plan:?}")
        };
        assert_eq!(object.finalizers(), ["example.com/other"]);
    }

    #[test]
    fn a_pod_that_has_a_node_keeps_the_claims_it_names_and_those_made_for_it() {
        let mut view = View::default();
        put::<PersistentVolumeClaim>(&mut view, going());
        let named = json!({"name": "v", "persistentVolumeClaim": {"claimName": "data"}});
        put::<Pod>(&mut view, pod("n", named.clone()));
        seen(&mut view, 7);
        assert_eq!(plan(&view).actions, []);
        put::<Pod>(&mut view, pod("", named));
        assert_eq!(plan(&view).actions.len(), 1);

        let made = json!({"name": "v", "ephemeral": {}});
        let pod: Pod = serde_json::from_value(pod("n", made)).unwrap();
        assert_eq!(claims_of(&pod).collect::<Vec<_>>(), ["p-v"]);
    }
}
