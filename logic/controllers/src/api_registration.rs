//! Registers what users defined: one `APIService` for each served version of the kinds of theirs.
//!
//! One that an administrator made is left alone: somebody else may serve that version instead.

use std::sync::Arc;

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use k8s_openapi::kube_aggregator::pkg::apis::apiregistration::v1::APIService;

use gantry_api::views::Meta;
use gantry_api::{GroupResource, GroupVersion, ObjectKey};
use gantry_base::Timestamp;
use gantry_kinds::bootstrap::{MANAGED, registration};
use gantry_reconcile::{Controller, Plan, Reconciler, Sources, View, Write};

/// How the label says that a registration comes and goes with what it registers.
const ALWAYS: &str = "true";

/// The controller of registrations.
#[derive(Clone, Copy, Debug, Default)]
pub struct APIRegistrations;

/// One version of one group, and how it is registered.
#[derive(Debug)]
pub struct World {
    version: GroupVersion,
    /// Whether a definition that is established serves it.
    is_served: bool,
    registered: Option<Arc<APIService>>,
}

impl Controller for APIRegistrations {
    const NAME: &'static str = "apiservice-registration-controller";

    fn sources(&self) -> Sources {
        let versions = |definition: &CustomResourceDefinition, _: &View| {
            let versions = definition.spec.versions.iter();
            versions
                .map(|own| key(&definition.spec.group, &own.name))
                .collect()
        };
        Sources::new()
            .own::<APIService>()
            .mapped::<CustomResourceDefinition>(versions)
    }

    fn observe(&self, view: &View, key: &ObjectKey, _now: Timestamp) -> Option<World> {
        let (version, group) = key.name.split_once('.')?;
        let version = GroupVersion::new(group, version);
        let registered = view.get::<APIService>("", &key.name);
        let mut definitions = view.all::<CustomResourceDefinition>();
        let is_served = definitions.any(|definition| serves(&definition, &version));
        (is_served || registered.is_some()).then_some(World {
            version,
            is_served,
            registered,
        })
    }
}

fn key(group: &str, version: &str) -> ObjectKey {
    let resource = GroupResource::of::<APIService>();
    ObjectKey::new(resource, "", &format!("{version}.{group}"))
}

fn serves(definition: &CustomResourceDefinition, version: &GroupVersion) -> bool {
    let conditions = definition.status.iter().flat_map(|own| &own.conditions);
    let mut conditions = conditions.flatten();
    let mut versions = definition.spec.versions.iter();
    definition.spec.group == version.group
        && versions.any(|own| own.served && own.name == version.version)
        && conditions.any(|own| own.type_ == "Established" && own.status == "True")
}

impl Reconciler for APIRegistrations {
    type Key = ObjectKey;
    type World = World;
    type Action = Write;

    fn reconcile(&self, world: &World) -> Plan<Write> {
        let mut plan = Plan::default();
        let wanted = registration(&world.version, ALWAYS);
        let is_ours = |known: &APIService| {
            let labels = known.metadata.labels.as_ref();
            labels.and_then(|labels| labels.get(MANAGED)) == Some(&ALWAYS.to_owned())
        };
        match &world.registered {
            None if world.is_served => plan.act(Write::create(&wanted)),
            Some(known) if is_ours(known) && !world.is_served => plan.act(Write::Delete {
                key: known.key(),
                uid: known.metadata.uid.clone().unwrap_or_default(),
                grace: None,
                propagation: None,
            }),
            Some(known) if is_ours(known) && known.spec != wanted.spec => {
                plan.act(Write::update(&APIService {
                    spec: wanted.spec,
                    ..APIService::clone(known)
                }));
            }
            Some(_) | None => {}
        }
        plan
    }
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};
    use serde_json::{Value, json};

    use super::*;
    use crate::testing::{plan_for, put, shown};

    const NAME: &str = "v1.example.com";

    fn definition(served: bool, established: &str) -> Value {
        let names = json!({"plural": "webs", "kind": "Web"});
        json!({
            "metadata": {"name": "webs.example.com"},
            "spec": {"group": "example.com", "scope": "Namespaced", "names": names,
                "versions": [{"name": "v1", "served": served, "storage": true}]},
            "status": {"acceptedNames": names,
                "conditions": [{"type": "Established", "status": established}]},
        })
    }

    fn registered(mark: &str, priority: i32) -> Value {
        json!({
            "metadata": {"name": NAME, "uid": "u", "labels": {MANAGED: mark}},
            "spec": {"group": "example.com", "version": "v1", "groupPriorityMinimum": 1000,
                "versionPriority": priority},
        })
    }

    fn check(definition: Option<Value>, registered: Option<Value>, expected: &Expect) {
        let mut view = View::default();
        if let Some(definition) = definition {
            put::<CustomResourceDefinition>(&mut view, definition);
        }
        if let Some(registered) = registered {
            put::<APIService>(&mut view, registered);
        }
        let plan = plan_for::<_, APIService>(&APIRegistrations, &view, ("", NAME));
        expected.assert_eq(shown(&plan).trim_end());
    }

    #[test]
    fn what_users_define_is_registered_as_long_as_it_is_served() {
        let served = || Some(definition(true, "True"));
        check(
            served(),
            None,
            &expect!["create apiservices.apiregistration.k8s.io v1.example.com"],
        );
        check(served(), Some(registered("true", 100)), &expect![""]);
        check(
            served(),
            Some(registered("true", 7)),
            &expect!["update apiservices.apiregistration.k8s.io v1.example.com"],
        );
        for gone in [
            None,
            Some(definition(false, "True")),
            Some(definition(true, "False")),
        ] {
            check(
                gone,
                Some(registered("true", 100)),
                &expect!["delete apiservices.apiregistration.k8s.io v1.example.com"],
            );
        }
    }

    #[test]
    fn what_others_registered_is_left_alone() {
        check(
            Some(definition(true, "True")),
            Some(registered("onstart", 7)),
            &expect![""],
        );
        check(None, Some(registered("onstart", 7)), &expect![""]);
    }
}
