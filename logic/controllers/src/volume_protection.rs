//! Keeps a volume, once it is to go, until it is no longer bound to a claim.

use std::sync::Arc;

use k8s_openapi::api::core::v1::PersistentVolume;

use gantry_api::ObjectKey;
use gantry_api::views::Meta;
use gantry_base::Timestamp;
use gantry_reconcile::{Controller, Plan, Reconciler, Sources, View, Write};

use crate::held;

const FINALIZER: &str = "kubernetes.io/pv-protection";

/// The controller that keeps volumes in use.
#[derive(Clone, Copy, Debug, Default)]
pub struct VolumeProtection;

/// One volume.
#[derive(Debug)]
pub struct World {
    volume: Arc<PersistentVolume>,
}

impl Controller for VolumeProtection {
    const NAME: &'static str = "pv-protection-controller";

    fn sources(&self) -> Sources {
        Sources::new().own::<PersistentVolume>()
    }

    fn observe(&self, view: &View, key: &ObjectKey, _now: Timestamp) -> Option<World> {
        let volume = view.get::<PersistentVolume>("", &key.name)?;
        Some(World { volume })
    }
}

impl Reconciler for VolumeProtection {
    type Key = ObjectKey;
    type World = World;
    type Action = Write;

    fn reconcile(&self, world: &World) -> Plan<Write> {
        let mut plan = Plan::default();
        let volume = world.volume.as_ref();
        let status = volume.status.as_ref();
        let phase = status.and_then(|status| status.phase.as_deref());
        if !volume.is_terminating() {
            plan.actions.extend(held::hold(volume, FINALIZER));
        } else if held::is_held(volume, FINALIZER) {
            let about = format!("persistentvolume/{}", volume.name());
            if phase == Some("Bound") {
                plan.explain(about, "kept while it is bound");
            } else {
                plan.explain(about, "let go, since it is not bound");
                plan.act(held::release(volume, FINALIZER));
            }
        }
        plan
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::testing::{plan_for, put, shown};

    fn plan(metadata: Value, phase: &str) -> String {
        let mut view = View::default();
        let volume = json!({"metadata": metadata, "status": {"phase": phase}});
        put::<PersistentVolume>(&mut view, volume);
        shown(&plan_for::<_, PersistentVolume>(
            &VolumeProtection,
            &view,
            ("", "v"),
        ))
    }

    #[test]
    fn a_volume_is_held_until_it_is_free() {
        let update = "update persistentvolumes v \n";
        assert_eq!(plan(json!({"name": "v"}), "Available"), update);
        let held = json!({"name": "v", "finalizers": [FINALIZER]});
        assert_eq!(plan(held.clone(), "Available"), "\n");
        let mut going = held;
        going["deletionTimestamp"] = json!("2026-01-01T11:00:00Z");
        assert_eq!(plan(going.clone(), "Bound"), "\n");
        assert_eq!(plan(going, "Released"), update);
    }
}
