//! Says of each admission policy what its expressions get wrong about the kinds that it judges.

use std::sync::Arc;

use k8s_openapi::api::admissionregistration::v1::{
    TypeChecking, ValidatingAdmissionPolicy, ValidatingAdmissionPolicyStatus,
};

use gantry_api::ObjectKey;
use gantry_base::Timestamp;
use gantry_kinds::admissionregistration::type_check;
use gantry_reconcile::{Controller, Plan, Reconciler, Sources, View, Write};

/// The controller that checks the types of policies.
#[derive(Clone, Copy, Debug, Default)]
pub struct PolicyStatus;

/// A policy that was not looked at since it changed.
#[derive(Debug)]
pub struct World {
    policy: Arc<ValidatingAdmissionPolicy>,
}

impl Controller for PolicyStatus {
    const NAME: &'static str = "validatingadmissionpolicy-status-controller";

    fn sources(&self) -> Sources {
        Sources::new().own::<ValidatingAdmissionPolicy>()
    }

    fn observe(&self, view: &View, key: &ObjectKey, _now: Timestamp) -> Option<World> {
        let policy = view.get::<ValidatingAdmissionPolicy>("", &key.name)?;
        let status = policy.status.as_ref();
        let seen = status.and_then(|status| status.observed_generation);
        (seen != policy.metadata.generation).then_some(World { policy })
    }
}

impl Reconciler for PolicyStatus {
    type Key = ObjectKey;
    type World = World;
    type Action = Write;

    fn reconcile(&self, world: &World) -> Plan<Write> {
        let policy = &world.policy;
        let spec = policy.spec.clone().unwrap_or_default();
        let warnings = type_check::warnings(&spec, &gantry_kinds::builtin());
        let told = ValidatingAdmissionPolicy {
            status: Some(ValidatingAdmissionPolicyStatus {
                observed_generation: policy.metadata.generation,
                type_checking: Some(TypeChecking {
                    expression_warnings: (!warnings.is_empty()).then_some(warnings),
                }),
                ..policy.status.clone().unwrap_or_default()
            }),
            ..ValidatingAdmissionPolicy::clone(policy)
        };
        let mut plan = Plan::default();
        plan.act(Write::update_status(&told));
        plan
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use k8s_openapi::api::admissionregistration::v1::{
        MatchResources, NamedRuleWithOperations, ValidatingAdmissionPolicySpec, Validation,
        Variable,
    };
    use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

    fn checked(expressions: &[&str]) -> ValidatingAdmissionPolicyStatus {
        let own = |text: &str| Some(vec![text.to_owned()]);
        let rule = NamedRuleWithOperations {
            api_groups: own("apps"),
            api_versions: own("v1"),
            resources: own("deployments"),
            ..NamedRuleWithOperations::default()
        };
        let validation = |text: &&str| Validation {
            expression: (*text).to_owned(),
            ..Validation::default()
        };
        let policy = ValidatingAdmissionPolicy {
            metadata: ObjectMeta {
                name: Some("p".to_owned()),
                generation: Some(2),
                ..ObjectMeta::default()
            },
            spec: Some(ValidatingAdmissionPolicySpec {
                match_constraints: Some(MatchResources {
                    resource_rules: Some(vec![rule]),
                    ..MatchResources::default()
                }),
                variables: Some(vec![Variable {
                    name: "template".to_owned(),
                    expression: "object.spec.template".to_owned(),
                }]),
                validations: Some(expressions.iter().map(validation).collect()),
                ..ValidatingAdmissionPolicySpec::default()
            }),
            status: None,
        };
        let world = World {
            policy: Arc::new(policy),
        };
        let plan = PolicyStatus.reconcile(&world);
        let [Write::Update { object, .. }] = plan.actions.as_slice() else {
            panic!("one write: {plan:?}");
        };
        let told: ValidatingAdmissionPolicy = object.to_typed().unwrap();
        told.status.unwrap()
    }

    #[test]
    fn what_is_right_of_the_kinds_is_not_warned_of() {
        let status = checked(&[
            "object.spec.replicas <= 5 && object.metadata.labels['a'] == 'b'",
            "variables.template.spec.containers.all(c, c.image.startsWith('x') && has(c.resources))",
            "object.metadata.creationTimestamp.getFullYear() > 2000",
            "quantity(variables.template.spec.containers[0].resources.requests['cpu']).sign() > 0",
        ]);
        assert_eq!(status.observed_generation, Some(2));
        assert_eq!(status.type_checking.unwrap().expression_warnings, None);
    }

    #[test]
    fn what_cannot_be_right_is_warned_of_at_its_field() {
        let status = checked(&["true", "object.spec.replica > 1"]);
        let warnings = status.type_checking.unwrap().expression_warnings.unwrap();
        assert_eq!(warnings.len(), 1);
        assert_eq!(warnings[0].field_ref, "spec.validations[1].expression");
        assert_eq!(
            warnings[0].warning,
            "apps/v1, Kind=Deployment: ERROR: <input>:1:12: undefined field 'replica'\n | \
             object.spec.replica > 1\n | ...........^\n"
        );
    }
}
