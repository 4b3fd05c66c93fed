//! `FlowSchema`: which requests are of which priority level.

use gantry_api::field_error::FieldErrors;
use gantry_api::views::Meta;
use gantry_base::{FieldPath, name};
use k8s_openapi::api::flowcontrol::v1::{FlowSchema, FlowSchemaCondition, FlowSchemaSpec};

use super::{condition_types, policy_rules, system};
use crate::column::Column;
use crate::kind::Kind;
use crate::parts::cell;
use crate::rules::Rules;
use crate::subresource::Subresource;

const PRECEDENCE: i32 = 1000;
const PRECEDENCE_MAX: i32 = 10_000;
const DISTINGUISHERS: [&str; 2] = ["ByNamespace", "ByUser"];
/// The condition that says whether the priority level is missing.
pub const DANGLING: &str = "Dangling";

/// Which requests are of which priority level.
#[derive(Debug)]
pub struct FlowSchemas;

impl Kind for FlowSchemas {
    type Object = FlowSchema;

    const SUBRESOURCES: &'static [Subresource] = &[Subresource::Status];
    const COLUMNS: &'static [Column<FlowSchema>] = &[
        Column::NAME,
        Column::text(
            "PriorityLevel",
            "Where its requests belong.",
            |schema, _| {
                let level =
                    spec(schema).map(|spec| spec.priority_level_configuration.name.as_str());
                level.unwrap_or("").into()
            },
        ),
        Column::text(
            "MatchingPrecedence",
            "Which of several decides: the smaller.",
            |schema, _| {
                spec(schema)
                    .and_then(|spec| spec.matching_precedence)
                    .into()
            },
        ),
        Column::text(
            "DistinguisherMethod",
            "What tells flows apart.",
            |schema, _| {
                let method = spec(schema).and_then(|spec| spec.distinguisher_method.as_ref());
                method.map_or(cell::NONE, |method| &method.type_).into()
            },
        ),
        Column::AGE,
        Column::text("MissingPL", "Whether its level is missing.", |schema, _| {
            dangling(schema).unwrap_or("?").into()
        }),
    ];
    const RULES: Rules = Rules::new().with_status().counting(&[&["spec"]]);

    fn default(schema: &mut FlowSchema) {
        if let Some(spec) = &mut schema.spec {
            spec.matching_precedence = spec.matching_precedence.filter(|own| *own != 0);
            spec.matching_precedence.get_or_insert(PRECEDENCE);
        }
    }

    fn validate(schema: &FlowSchema, _old: Option<&FlowSchema>, errors: &mut FieldErrors) {
        let path = FieldPath::new("spec");
        let spec = schema.spec.clone().unwrap_or_default();
        validate_spec(&spec, schema.name(), &path, errors);
        let fixed = system::mandatory_schema(schema.name());
        if fixed.is_some_and(|fixed| fixed.spec.as_ref() != Some(&spec)) {
            let detail = format!("spec of '{}' must equal the fixed value", schema.name());
            errors.invalid(&path, &spec, detail);
        }
    }

    fn validate_status(schema: &FlowSchema, _old: &FlowSchema, errors: &mut FieldErrors) {
        let status = schema.status.clone().unwrap_or_default();
        let conditions = status.conditions.iter().flatten();
        condition_types(conditions.map(|own| own.type_.as_ref()), errors);
    }
}

fn spec(schema: &FlowSchema) -> Option<&FlowSchemaSpec> {
    schema.spec.as_ref()
}

fn dangling(schema: &FlowSchema) -> Option<&str> {
    let conditions = schema.status.as_ref()?.conditions.as_ref()?;
    let known = |own: &&FlowSchemaCondition| own.type_.as_deref() == Some(DANGLING);
    conditions.iter().find(known)?.status.as_deref()
}

fn validate_spec(spec: &FlowSchemaSpec, schema: &str, path: &FieldPath, errors: &mut FieldErrors) {
    let at = path.field("matchingPrecedence");
    let precedence = spec.matching_precedence.unwrap_or(0);
    if precedence <= 0 {
        errors.invalid(&at, precedence, "must be a positive value");
    }
    if precedence > PRECEDENCE_MAX {
        let detail = format!("must not be greater than {PRECEDENCE_MAX}");
        errors.invalid(&at, precedence, detail);
    }
    if precedence == 1 && schema != system::EXEMPT {
        let detail = "only the schema named 'exempt' may have matchingPrecedence 1";
        errors.invalid(&at, precedence, detail);
    }
    if let Some(method) = &spec.distinguisher_method
        && !DISTINGUISHERS.contains(&method.type_.as_str())
    {
        let at = path.field("distinguisherMethod").field("type");
        errors.not_supported(&at, method, &DISTINGUISHERS);
    }
    let at = path.field("priorityLevelConfiguration").field("name");
    match spec.priority_level_configuration.name.as_str() {
        "" => errors.required(&at, "must reference a priority level"),
        level => errors.named(&at, level, name::dns_subdomain),
    }
    for (index, rules) in spec.rules.iter().flatten().enumerate() {
        policy_rules::validate(rules, &path.field("rules").index(index), errors);
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;
    use serde_json::json;

    use super::*;
    use crate::testing::{check_create, check_defaults, check_row, check_update};

    #[test]
    fn a_small_schema_gets_the_rest() {
        let small = json!({ "spec": { "priorityLevelConfiguration": { "name": "workload-low" },
            "rules": [{ "subjects": [{ "kind": "User", "user": { "name": "jane" } }],
                "resourceRules": [{ "verbs": ["*"], "apiGroups": ["*"], "resources": ["*"],
                    "namespaces": ["*"] }] }] } });
        check_create::<FlowSchemas>(small.clone(), &expect![[r#""#]]);
        check_defaults::<FlowSchemas>(
            small.clone(),
            &expect![[r#"
            spec.matchingPrecedence = 1000
        "#]],
        );
        check_row::<FlowSchemas>(
            small,
            &expect![[r#"
            Name: web
            PriorityLevel: workload-low
            MatchingPrecedence: null
            DistinguisherMethod: <none>
            Age: <unknown>
            MissingPL: ?
        "#]],
        );
    }

    #[test]
    fn everything_wrong_with_a_schema_is_said() {
        let odd = json!({ "spec": { "matchingPrecedence": 1, "distinguisherMethod": { "type": "X" },
            "rules": [
                { },
                { "subjects": [
                    { "kind": "User", "group": { "name": "x" } },
                    { "kind": "Group", "group": { "name": "" } },
                    { "kind": "ServiceAccount", "serviceAccount": { "name": "*", "namespace": "" } },
                    { "kind": "Odd" } ],
                  "resourceRules": [
                    { "verbs": ["*", "get"], "resources": ["*", "pods"], "namespaces": ["A"] },
                    { "verbs": ["eat"], "apiGroups": ["*", ""] } ],
                  "nonResourceRules": [{ "verbs": [], "nonResourceURLs":
                    ["", "x", "/a b", "/a//b", "/a*", "/a/*"] }] } ] } });
        check_create::<FlowSchemas>(
            odd,
            &expect![[r#"
                spec.matchingPrecedence: Invalid value: 1: only the schema named 'exempt' may have matchingPrecedence 1
                spec.distinguisherMethod.type: Unsupported value: {"type":"X"}: supported values: "ByNamespace", "ByUser"
                spec.priorityLevelConfiguration.name: Required value: must reference a priority level
                spec.rules[0].subjects: Required value: subjects must contain at least one value
                spec.rules[0]: Required value: at least one of resourceRules and nonResourceRules has to be non-empty
                spec.rules[1].subjects[0].group: Forbidden: group is forbidden when subject kind is not 'Group'
                spec.rules[1].subjects[0].user: Required value: user is required when subject kind is 'User'
                spec.rules[1].subjects[1].group.name: Required value
                spec.rules[1].subjects[2].serviceAccount.namespace: Required value: must specify namespace for service account
                spec.rules[1].subjects[3].kind: Unsupported value: "Odd": supported values: "Group", "ServiceAccount", "User"
                spec.rules[1].resourceRules[0].verbs: Invalid value: ["*","get"]: if '*' is present, must not specify other verbs
                spec.rules[1].resourceRules[0].apiGroups: Required value: resource rules must supply at least one api group
                spec.rules[1].resourceRules[0].resources: Invalid value: ["*","pods"]: if '*' is present, must not specify other resources
                spec.rules[1].resourceRules[0].namespaces[0]: Invalid value: "A": each member of this list must be '*' or a DNS-1123 label; a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')
                spec.rules[1].resourceRules[1].verbs: Unsupported value: ["eat"]: supported values: "create", "delete", "deletecollection", "get", "list", "patch", "proxy", "update", "watch"
                spec.rules[1].resourceRules[1].apiGroups: Invalid value: ["*",""]: if '*' is present, must not specify other api groups
                spec.rules[1].resourceRules[1].resources: Required value: resource rules must supply at least one resource
                spec.rules[1].resourceRules[1].namespaces: Required value: resource rules that are not cluster scoped must supply at least one namespace
                spec.rules[1].nonResourceRules[0].verbs: Required value: verbs must contain at least one value
                spec.rules[1].nonResourceRules[0].nonResourceURLs[0]: Invalid value: "": must not be empty
                spec.rules[1].nonResourceRules[0].nonResourceURLs[1]: Invalid value: "x": must start with slash
                spec.rules[1].nonResourceRules[0].nonResourceURLs[2]: Invalid value: "/a b": must not contain white-space
                spec.rules[1].nonResourceRules[0].nonResourceURLs[3]: Invalid value: "/a//b": must not contain double slash
                spec.rules[1].nonResourceRules[0].nonResourceURLs[4]: Invalid value: "/a*": wildcard can only do suffix matching
            "#]],
        );
    }

    #[test]
    fn the_schemas_that_must_exist_cannot_be_changed() {
        let fixed = system::mandatory_schema("catch-all").unwrap();
        let fixed = serde_json::to_value(&fixed).unwrap();
        let mut other = fixed.clone();
        other["spec"]["matchingPrecedence"] = 9999.into();
        check_create::<FlowSchemas>(fixed.clone(), &expect![[r#""#]]);
        check_update::<FlowSchemas>(
            fixed,
            other,
            &expect![[r#"
            spec: Invalid value: {"distinguisherMethod":{"type":"ByUser"},"matchingPrecedence":9999,"priorityLevelConfiguration":{"name":"catch-all"},"rules":[{"nonResourceRules":[{"nonResourceURLs":["*"],"verbs":["*"]}],"resourceRules":[{"apiGroups":["*"],"clusterScope":true,"namespaces":["*"],"resources":["*"],"verbs":["*"]}],"subjects":[{"group":{"name":"system:unauthenticated"},"kind":"Group"},{"group":{"name":"system:authenticated"},"kind":"Group"}]}]}: spec of 'catch-all' must equal the fixed value
        "#]],
        );
    }
}
