//! Gathers the rules of roles that say which other roles they are made of.

use std::sync::Arc;

use k8s_openapi::api::rbac::v1::{AggregationRule, ClusterRole, PolicyRule};

use gantry_api::ObjectKey;
use gantry_api::views::{Meta, meta};
use gantry_base::Timestamp;
use gantry_reconcile::{Controller, Plan, Reconciler, Sources, View, Write};

/// The controller that gathers rules.
#[derive(Clone, Copy, Debug, Default)]
pub struct ClusterRoleAggregation;

/// One role that is made of others, and those others.
#[derive(Debug)]
pub struct World {
    role: Arc<ClusterRole>,
    /// For each selector the roles it selects, by name.
    parts: Vec<Vec<Arc<ClusterRole>>>,
}

impl Controller for ClusterRoleAggregation {
    const NAME: &'static str = "clusterrole-aggregation-controller";

    fn sources(&self) -> Sources {
        // Any role may be, or may have been, a part of any that is made of others.
        let made_of_others = |_: &ClusterRole, view: &View| {
            let roles = view.all::<ClusterRole>();
            let made = roles.filter(|role| role.aggregation_rule.is_some());
            made.map(|role| role.key()).collect()
        };
        Sources::new().mapped::<ClusterRole>(made_of_others)
    }

    fn observe(&self, view: &View, key: &ObjectKey, _now: Timestamp) -> Option<World> {
        let role = view.get::<ClusterRole>("", &key.name)?;
        let parts = parts(&role, role.aggregation_rule.as_ref()?, view);
        Some(World { role, parts })
    }
}

fn parts(role: &ClusterRole, rule: &AggregationRule, view: &View) -> Vec<Vec<Arc<ClusterRole>>> {
    let selectors = rule.cluster_role_selectors.iter().flatten();
    selectors
        .map(|from| {
            let selector = meta::selector(from);
            let others = view.all::<ClusterRole>();
            others
                .filter(|other| other.name() != role.name() && selector.matches(other.labels()))
                .collect()
        })
        .collect()
}

impl Reconciler for ClusterRoleAggregation {
    type Key = ObjectKey;
    type World = World;
    type Action = Write;

    fn reconcile(&self, world: &World) -> Plan<Write> {
        let mut rules: Vec<PolicyRule> = Vec::new();
        for rule in world
            .parts
            .iter()
            .flatten()
            .flat_map(|part| part.rules.iter().flatten())
        {
            if !rules.contains(rule) {
                rules.push(rule.clone());
            }
        }
        let mut plan = Plan::default();
        if world.role.rules.as_deref().unwrap_or(&[]) != rules {
            plan.act(Write::update(&ClusterRole {
                rules: Some(rules),
                ..ClusterRole::clone(&world.role)
            }));
        }
        plan
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use gantry_kinds::bootstrap::{Bootstrap, objects};

    use super::*;
    use crate::testing::{plan_for, put, shown};

    fn role(name: &str, label: &str, verb: &str) -> Value {
        json!({
            "metadata": { "name": name, "labels": { label: "true" } },
            "rules": [{ "apiGroups": [""], "resources": ["pods"], "verbs": [verb] }],
        })
    }

    fn whole() -> Value {
        json!({
            "metadata": { "name": "whole" },
            "aggregationRule": { "clusterRoleSelectors": [{ "matchLabels": { "part": "true" } }] },
        })
    }

    #[test]
    fn rules_of_parts_are_gathered_by_name_and_only_once() {
        let mut view = View::default();
        put::<ClusterRole>(&mut view, whole());
        for (name, label, verb) in [
            ("b", "part", "list"),
            ("a", "part", "get"),
            ("c", "part", "get"),
            ("d", "other", "delete"),
        ] {
            put::<ClusterRole>(&mut view, role(name, label, verb));
        }
        let target = ("", "whole");
        let plan = plan_for::<_, ClusterRole>(&ClusterRoleAggregation, &view, target);
        let [Write::Update { object, .. }] = plan.actions.as_slice() else {
            panic!("{plan:?}");
        };
        let rules: Vec<&Value> = object.0["rules"].as_array().unwrap().iter().collect();
        let verbs: Vec<&Value> = rules.iter().map(|rule| &rule["verbs"][0]).collect();
        assert_eq!(verbs, ["get", "list"]);

        put::<ClusterRole>(&mut view, Value::Object(object.0.clone()));
        let plan = plan_for::<_, ClusterRole>(&ClusterRoleAggregation, &view, target);
        assert_eq!(shown(&plan), "\n");
    }

    #[test]
    fn a_fresh_server_has_nothing_to_gather() {
        let mut view = View::default();
        let config = Bootstrap {
            service_ranges: Vec::new(),
        };
        let roles = objects(&config);
        for role in roles.iter().filter(|object| object.kind() == "ClusterRole") {
            put::<ClusterRole>(&mut view, role.clone().into_value());
        }
        for name in ["admin", "edit", "view"] {
            let plan = plan_for::<_, ClusterRole>(&ClusterRoleAggregation, &view, ("", name));
            assert_eq!(shown(&plan), "\n", "{name}");
        }
    }
}
