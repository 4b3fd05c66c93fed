//! Gives every namespace its `default` service account.

use std::sync::Arc;

use k8s_openapi::api::core::v1::{Namespace, ServiceAccount};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use gantry_api::views::Meta;
use gantry_api::{GroupResource, ObjectKey};
use gantry_base::Timestamp;
use gantry_reconcile::{Controller, Plan, Reconciler, Sources, View, Write};

const NAME: &str = "default";

/// The controller of default service accounts.
#[derive(Clone, Copy, Debug, Default)]
pub struct ServiceAccounts;

/// One live namespace without a default account.
#[derive(Debug)]
pub struct World {
    namespace: Arc<Namespace>,
}

impl Controller for ServiceAccounts {
    const NAME: &'static str = "service-account-controller";

    fn sources(&self) -> Sources {
        let home = |account: &ServiceAccount, _: &View| {
            vec![ObjectKey::new(
                GroupResource::of::<Namespace>(),
                "",
                account.namespace(),
            )]
        };
        Sources::new()
            .own::<Namespace>()
            .mapped::<ServiceAccount>(home)
    }

    fn observe(&self, view: &View, key: &ObjectKey, _now: Timestamp) -> Option<World> {
        let namespace = view.get::<Namespace>("", &key.name)?;
        let missing = view.get::<ServiceAccount>(&key.name, NAME).is_none();
        (missing && !namespace.is_terminating()).then_some(World { namespace })
    }
}

impl Reconciler for ServiceAccounts {
    type Key = ObjectKey;
    type World = World;
    type Action = Write;

    fn reconcile(&self, world: &World) -> Plan<Write> {
        let mut plan = Plan::default();
        plan.act(Write::create(&ServiceAccount {
            metadata: ObjectMeta {
                name: Some(NAME.to_owned()),
                namespace: Some(world.namespace.name().to_owned()),
                ..ObjectMeta::default()
            },
            ..ServiceAccount::default()
        }));
        plan
    }
}
