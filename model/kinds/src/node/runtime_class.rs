//! `RuntimeClass`: a way to run containers, what it costs, and where it is available.

use gantry_api::field_error::FieldErrors;
use gantry_base::{FieldPath, name};
use k8s_openapi::api::core::v1::ResourceRequirements;
use k8s_openapi::api::node::v1::{Overhead, RuntimeClass, Scheduling};

use crate::column::Column;
use crate::kind::Kind;
use crate::parts::{meta, resources, tolerations};
use crate::rules::Rules;

/// A way to run containers.
#[derive(Debug)]
pub struct RuntimeClasses;

impl Kind for RuntimeClasses {
    type Object = RuntimeClass;

    const COLUMNS: &'static [Column<RuntimeClass>] = &[
        Column::NAME,
        Column::text("Handler", "What nodes call it.", |class, _| {
            class.handler.as_str().into()
        }),
        Column::AGE,
    ];
    const RULES: Rules = Rules::new().conditional().created_by_update();

    fn default(class: &mut RuntimeClass) {
        if let Some(overhead) = &mut class.overhead {
            resources::canonical_amounts(&mut overhead.pod_fixed);
        }
    }

    fn validate(class: &RuntimeClass, old: Option<&RuntimeClass>, errors: &mut FieldErrors) {
        let path = FieldPath::new("handler");
        errors.named(&path, &class.handler, name::dns_label);
        if let Some(overhead) = &class.overhead {
            validate_overhead(overhead, &"overhead".into(), errors);
        }
        if let Some(scheduling) = &class.scheduling {
            validate_scheduling(scheduling, &"scheduling".into(), errors);
        }
        if let Some(old) = old {
            errors.require_same(&path, &class.handler, &old.handler);
        }
    }
}

/// What is fixed is a limit like any other.
fn validate_overhead(overhead: &Overhead, path: &FieldPath, errors: &mut FieldErrors) {
    let limits = ResourceRequirements {
        limits: overhead.pod_fixed.clone(),
        ..ResourceRequirements::default()
    };
    resources::validate(&limits, path, errors);
}

fn validate_scheduling(from: &Scheduling, path: &FieldPath, errors: &mut FieldErrors) {
    if let Some(labels) = &from.node_selector {
        meta::labels(labels, &path.field("nodeSelector"), errors);
    }
    let path = path.field("tolerations");
    let list = from.tolerations.as_deref().unwrap_or(&[]);
    tolerations::validate(list, &path, errors);
    for (index, toleration) in list.iter().enumerate() {
        if list[..index].contains(toleration) {
            errors.duplicate(&path.index(index), toleration);
        }
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;
    use serde_json::json;

    use super::RuntimeClasses;
    use crate::testing::{check_create, check_defaults, check_row, check_update};

    #[test]
    fn a_handler_is_named_and_stays() {
        check_create::<RuntimeClasses>(
            json!({ "handler": "Kata" }),
            &expect![[r#"
                handler: Invalid value: "Kata": a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')
            "#]],
        );
        check_update::<RuntimeClasses>(
            json!({ "handler": "kata" }),
            json!({ "handler": "runc" }),
            &expect![[r#"
                handler: Invalid value: "runc": field is immutable
            "#]],
        );
    }

    #[test]
    fn what_it_costs_and_where_it_is_are_checked() {
        let bears = json!({ "key": "kata", "operator": "Exists", "effect": "Never" });
        check_create::<RuntimeClasses>(
            json!({
                "handler": "kata",
                "overhead": { "podFixed": { "cpu": "-1", "odd": "1" } },
                "scheduling": { "nodeSelector": { "a b": "c" }, "tolerations": [bears, bears] },
            }),
            &expect![[r#"
                overhead.limits[cpu]: Invalid value: "-1": must be greater than or equal to 0
                overhead.limits[odd]: Invalid value: "odd": must be a standard resource for containers
                scheduling.nodeSelector: Invalid value: "a b": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')
                scheduling.tolerations[0].effect: Unsupported value: "Never": supported values: "NoSchedule", "PreferNoSchedule", "NoExecute"
                scheduling.tolerations[1].effect: Unsupported value: "Never": supported values: "NoSchedule", "PreferNoSchedule", "NoExecute"
                scheduling.tolerations[1]: Duplicate value: {"effect":"Never","key":"kata","operator":"Exists"}
            "#]],
        );
    }

    #[test]
    fn amounts_are_canonical_and_rows_show_the_handler() {
        let class = json!({ "handler": "kata", "overhead": { "podFixed": { "cpu": "1000m" } } });
        check_defaults::<RuntimeClasses>(
            class.clone(),
            &expect![[r#"
            overhead.podFixed.cpu = "1"
        "#]],
        );
        check_row::<RuntimeClasses>(
            class,
            &expect![[r#"
            Name: web
            Handler: kata
            Age: <unknown>
        "#]],
        );
    }
}
