//! Publishes the cluster's certificate authority in every namespace, and mends what was changed.

use std::collections::BTreeMap;
use std::sync::Arc;

use k8s_openapi::api::core::v1::{ConfigMap, Namespace};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use gantry_api::views::Meta;
use gantry_api::{GroupResource, ObjectKey};
use gantry_base::Timestamp;
use gantry_reconcile::{Controller, Plan, Reconciler, Sources, View, Write};

const NAME: &str = "kube-root-ca.crt";
const KEY: &str = "ca.crt";

/// The controller that publishes the authority.
#[derive(Clone, Debug)]
pub struct RootCa {
    certificate: String,
}

impl RootCa {
    /// Publishes this certificate, given in PEM form.
    #[must_use]
    pub const fn new(certificate: String) -> Self {
        Self { certificate }
    }

    fn published(&self, namespace: &str) -> ConfigMap {
        let note = "Contains a CA bundle that can be used to verify the kube-apiserver when using \
                    internal endpoints such as the internal service IP or kubernetes.default.svc. \
                    No other usage is guaranteed across distributions of Kubernetes clusters.";
        let note = ("kubernetes.io/description".to_owned(), note.to_owned());
        ConfigMap {
            metadata: ObjectMeta {
                name: Some(NAME.to_owned()),
                namespace: Some(namespace.to_owned()),
                annotations: Some(BTreeMap::from([note])),
                ..ObjectMeta::default()
            },
            data: Some(BTreeMap::from([(KEY.to_owned(), self.certificate.clone())])),
            ..ConfigMap::default()
        }
    }
}

/// One live namespace and what is published in it.
#[derive(Debug)]
pub struct World {
    namespace: Arc<Namespace>,
    existing: Option<Arc<ConfigMap>>,
}

impl Controller for RootCa {
    const NAME: &'static str = "root-ca-cert-publisher";

    fn sources(&self) -> Sources {
        let home = |map: &ConfigMap, _: &View| {
            let home = GroupResource::of::<Namespace>();
            vec![ObjectKey::new(home, "", map.namespace())]
        };
        Sources::new()
            .own::<Namespace>()
            .named::<ConfigMap>(NAME, home)
    }

    fn observe(&self, view: &View, key: &ObjectKey, _now: Timestamp) -> Option<World> {
        let namespace = view.get::<Namespace>("", &key.name)?;
        let existing = view.get::<ConfigMap>(&key.name, NAME);
        (!namespace.is_terminating()).then_some(World {
            namespace,
            existing,
        })
    }
}

impl Reconciler for RootCa {
    type Key = ObjectKey;
    type World = World;
    type Action = Write;

    fn reconcile(&self, world: &World) -> Plan<Write> {
        let mut plan = Plan::default();
        let wanted = self.published(world.namespace.name());
        match world.existing.as_deref() {
            None => plan.act(Write::create(&wanted)),
            Some(known) if known.data != wanted.data => {
                plan.act(Write::update(&ConfigMap {
                    data: wanted.data,
                    ..known.clone()
                }));
            }
            Some(_) => {}
        }
        plan
    }
}
