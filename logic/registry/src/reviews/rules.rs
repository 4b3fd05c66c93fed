//! "What may I do in this namespace?"

use k8s_openapi::api::rbac::v1::PolicyRule;
use serde_json::{Value, json};

use gantry_api::Rejection;
use gantry_api::caller::MASTERS;

use crate::call::Call;
use crate::decode;
use crate::step::{Payload, Reply, Step};

/// Lists the rules that hold for the caller.
pub(super) fn answer(call: &mut Call<'_>) -> Result<Step, Rejection> {
    let mut review = decode::object(call)?;
    let namespace = review.text(&["spec", "namespace"]).to_owned();
    if namespace.is_empty() {
        return Err(Rejection::bad_request(
            "no namespace on request: set spec.namespace",
        ));
    }
    let caller = &call.request.caller;
    let mut rules = call.access.rules_for(caller, &namespace);
    if caller.is_in(MASTERS) {
        rules.extend(everything());
    }
    let is_path = |rule: &&PolicyRule| rule.non_resource_urls.is_some();
    let resources: Vec<Value> = rules
        .iter()
        .filter(|rule| !is_path(rule))
        .map(resource)
        .collect();
    let paths: Vec<Value> = rules.iter().filter(is_path).map(path).collect();
    review.set(
        &["status"],
        json!({"resourceRules": resources, "nonResourceRules": paths, "incomplete": false}),
    );
    Ok(Step::Reply(Reply::created(Payload::object(review))))
}

/// What those may do whom no rule restrains.
fn everything() -> [PolicyRule; 2] {
    let any = || vec!["*".to_owned()];
    let resources = PolicyRule {
        verbs: any(),
        api_groups: Some(any()),
        resources: Some(any()),
        ..PolicyRule::default()
    };
    let paths = PolicyRule {
        verbs: any(),
        non_resource_urls: Some(any()),
        ..PolicyRule::default()
    };
    [resources, paths]
}

fn resource(rule: &PolicyRule) -> Value {
    json!({
        "verbs": rule.verbs,
        "apiGroups": rule.api_groups.clone().unwrap_or_default(),
        "resources": rule.resources.clone().unwrap_or_default(),
        "resourceNames": rule.resource_names.clone().unwrap_or_default(),
    })
}

fn path(rule: &PolicyRule) -> Value {
    json!({"verbs": rule.verbs, "nonResourceURLs": rule.non_resource_urls})
}
