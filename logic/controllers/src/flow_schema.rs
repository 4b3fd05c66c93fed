//! Makes the flow schemas and priority levels that must exist again when somebody deleted them, and
//! says of each schema whether its level is missing.

use std::sync::Arc;

use k8s_openapi::Resource;
use k8s_openapi::api::flowcontrol::v1::{
    FlowSchema, FlowSchemaCondition, FlowSchemaStatus, PriorityLevelConfiguration,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

use gantry_api::views::Meta;
use gantry_api::{GroupResource, ObjectKey};
use gantry_base::Timestamp;
use gantry_kinds::flowcontrol::flow_schema::DANGLING;
use gantry_kinds::flowcontrol::system;
use gantry_reconcile::{Controller, Plan, Reconciler, Sources, View, Write};

/// The controller of flow schemas and of what they refer to.
#[derive(Clone, Copy, Debug, Default)]
pub struct FlowSchemas;

/// What is to be kept true.
#[derive(Debug)]
pub enum World {
    /// A level that must exist does not.
    LevelMissing(PriorityLevelConfiguration),
    /// A schema that must exist does not.
    SchemaMissing(FlowSchema),
    /// A schema, and whether its level exists.
    Schema {
        /// Now.
        now: Timestamp,
        /// The schema.
        schema: Arc<FlowSchema>,
        /// Whether its level exists.
        has_level: bool,
    },
}

impl Controller for FlowSchemas {
    const NAME: &'static str = "flow-schema-controller";

    fn sources(&self) -> Sources {
        let level = |level: &PriorityLevelConfiguration, view: &View| {
            let schemas = view.all::<FlowSchema>();
            let own = schemas.filter(|schema| level_of(schema) == level.name());
            own.map(|schema| schema.key())
                .chain([level.key()])
                .chain(mandatory::<PriorityLevelConfiguration>())
                .collect()
        };
        let schema = |schema: &FlowSchema, _: &View| {
            let own = [schema.key()].into_iter();
            own.chain(mandatory::<FlowSchema>()).collect()
        };
        Sources::new()
            .mapped::<FlowSchema>(schema)
            .mapped::<PriorityLevelConfiguration>(level)
    }

    fn observe(&self, view: &View, key: &ObjectKey, now: Timestamp) -> Option<World> {
        let level = |name: &str| view.get::<PriorityLevelConfiguration>("", name);
        if key.resource == GroupResource::of::<PriorityLevelConfiguration>() {
            let fresh = system::mandatory_level(&key.name)?;
            return level(&key.name)
                .is_none()
                .then_some(World::LevelMissing(fresh));
        }
        let Some(schema) = view.get::<FlowSchema>("", &key.name) else {
            return system::mandatory_schema(&key.name).map(World::SchemaMissing);
        };
        let has_level = level(level_of(&schema)).is_some();
        Some(World::Schema {
            now,
            schema,
            has_level,
        })
    }
}

/// The places that must not be empty. They are due with whatever else is, for one that is empty has
/// nobody who could make it due.
fn mandatory<T: Resource>() -> impl Iterator<Item = ObjectKey> {
    let key = |name| ObjectKey::new(GroupResource::of::<T>(), "", name);
    system::MANDATORY.into_iter().map(key)
}

fn level_of(schema: &FlowSchema) -> &str {
    let spec = schema.spec.as_ref();
    spec.map_or("", |spec| &spec.priority_level_configuration.name)
}

impl Reconciler for FlowSchemas {
    type Key = ObjectKey;
    type World = World;
    type Action = Write;

    fn reconcile(&self, world: &World) -> Plan<Write> {
        let mut plan = Plan::default();
        match world {
            World::LevelMissing(fresh) => plan.act(Write::create(fresh)),
            World::SchemaMissing(fresh) => plan.act(Write::create(fresh)),
            World::Schema {
                now,
                schema,
                has_level,
            } => {
                let told = with_condition(schema, *has_level, *now);
                if told.status != schema.status {
                    plan.act(Write::update_status(&told));
                }
            }
        }
        plan
    }
}

fn with_condition(schema: &FlowSchema, has_level: bool, now: Timestamp) -> FlowSchema {
    let (status, reason, told) = if has_level {
        ("False", "Found", "and it exists")
    } else {
        ("True", "NotFound", "but there is no such object")
    };
    let level = level_of(schema);
    let message = format!(
        "This FlowSchema references the PriorityLevelConfiguration object named {level:?} {told}"
    );
    let mut conditions = schema
        .status
        .clone()
        .and_then(|own| own.conditions)
        .unwrap_or_default();
    let is_own = |own: &FlowSchemaCondition| own.type_.as_deref() == Some(DANGLING);
    let known = conditions.iter().find(|own| is_own(own)).cloned();
    let same = known.filter(|known| known.status.as_deref() == Some(status));
    let since = same.and_then(|known| known.last_transition_time);
    conditions.retain(|own| !is_own(own));
    conditions.push(FlowSchemaCondition {
        last_transition_time: since.or(Some(Time(now))),
        message: Some(message),
        reason: Some(reason.to_owned()),
        status: Some(status.to_owned()),
        type_: Some(DANGLING.to_owned()),
    });
    FlowSchema {
        status: Some(FlowSchemaStatus {
            conditions: Some(conditions),
        }),
        ..schema.clone()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::testing::{plan_for, put, shown};

    #[test]
    fn what_must_exist_is_made_again() {
        let view = View::default();
        let schema = plan_for::<_, FlowSchema>(&FlowSchemas, &view, ("", "catch-all"));
        let created = "create flowschemas.flowcontrol.apiserver.k8s.io catch-all\n";
        assert_eq!(shown(&schema), created);
        let target = ("", "exempt");
        let level = plan_for::<_, PriorityLevelConfiguration>(&FlowSchemas, &view, target);
        let created = "create prioritylevelconfigurations.flowcontrol.apiserver.k8s.io exempt\n";
        assert_eq!(shown(&level), created);
    }

    #[test]
    fn what_is_merely_suggested_stays_away() {
        let view = View::default();
        let key = |name| ObjectKey::new(GroupResource::of::<FlowSchema>(), "", name);
        let now = crate::testing::now();
        assert!(
            FlowSchemas
                .observe(&view, &key("service-accounts"), now)
                .is_none()
        );
    }

    #[test]
    fn a_schema_says_whether_its_level_is_missing() {
        let mut view = View::default();
        let schema = json!({
            "metadata": { "name": "a" },
            "spec": { "priorityLevelConfiguration": { "name": "slow" } },
        });
        put::<FlowSchema>(&mut view, schema);
        let plan = plan_for::<_, FlowSchema>(&FlowSchemas, &view, ("", "a"));
        let [Write::Update { object, .. }] = plan.actions.as_slice() else {
            panic!("{plan:?}");
        };
        let condition = &object.0["status"]["conditions"][0];
        assert_eq!(
            (&condition["type"], &condition["status"]),
            (&json!("Dangling"), &json!("True"))
        );

        put::<FlowSchema>(&mut view, object.clone().into_value());
        let plan = plan_for::<_, FlowSchema>(&FlowSchemas, &view, ("", "a"));
        assert_eq!(shown(&plan), "\n");

        let level = json!({ "metadata": { "name": "slow" } });
        put::<PriorityLevelConfiguration>(&mut view, level);
        let plan = plan_for::<_, FlowSchema>(&FlowSchemas, &view, ("", "a"));
        assert!(shown(&plan).contains("\"status\":\"False\""), "{plan:?}");
    }
}
