//! What is noted of a request for those who write down what was asked, whatever becomes of it.

use gantry_access::Access;
use gantry_base::entropy::Seeded;
use serde_json::{Value, json};

use super::{Server, pod, request};
use crate::question::Answers;
use crate::request::{Body, Format};
use crate::{Around, Notes, Request};

/// What is noted of a request, and whether it is refused.
fn noted(server: &Server, mut request: Request, body: &Value) -> (Notes, bool) {
    request.body = Some(Body {
        bytes: body.to_string().into(),
        format: Format::Json,
    });
    request.caller = server.caller.clone();
    let snapshot = server.snapshot();
    let access = Access::compile(&snapshot);
    let around = Around {
        snapshot: &snapshot,
        access: &access,
        now: server.now,
        chance: &mut Seeded::new(1),
    };
    let answers = Answers::new();
    let (step, notes) = server.registry().handle_noting(&request, &answers, around);
    (notes, step.is_err())
}

#[test]
fn what_a_pod_would_violate_is_noted_even_if_it_is_let_in() {
    let mut server = Server::new();
    let labels = json!({
        "pod-security.kubernetes.io/audit": "restricted",
        "pod-security.kubernetes.io/enforce": "baseline",
    });
    let space = json!({"apiVersion": "v1", "kind": "Namespace",
        "metadata": {"name": "a", "labels": labels}});
    server.ok(request("create v1 namespaces"), Some(space));
    let account = json!({"apiVersion": "v1", "kind": "ServiceAccount",
        "metadata": {"name": "default"}});
    server.ok(request("create v1 serviceaccounts a/"), Some(account));
    let (notes, is_refused) = noted(&server, request("create v1 pods a/"), &pod("web"));
    assert!(!is_refused);
    assert_eq!(
        notes["pod-security.kubernetes.io/enforce-policy"],
        "baseline:latest"
    );
    let violated = &notes["pod-security.kubernetes.io/audit-violations"];
    assert!(
        violated.starts_with("would violate PodSecurity \"restricted:latest\": "),
        "{violated}"
    );
    let mut worse = pod("web");
    worse["spec"]["hostNetwork"] = true.into();
    let (notes, is_refused) = noted(&server, request("create v1 pods a/"), &worse);
    assert!(is_refused);
    assert!(
        notes.contains_key("pod-security.kubernetes.io/audit-violations"),
        "{notes:?}"
    );
}

#[test]
fn what_a_policy_wants_noted_is_noted_under_its_name() {
    let mut server = Server::new();
    let rule = json!({"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"],
        "resources": ["configmaps"]});
    let policy = json!({
        "apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingAdmissionPolicy",
        "metadata": {"name": "short"},
        "spec": {
            "matchConstraints": {"resourceRules": [rule]},
            "validations": [{"expression": "true"}, {"expression": "false", "message": "too long"}],
            "auditAnnotations": [
                {"key": "size", "valueExpression": "'it has ' + string(size(object.data))"},
                {"key": "none", "valueExpression": "null"},
            ],
        },
    });
    let binding = json!({
        "apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingAdmissionPolicyBinding",
        "metadata": {"name": "everywhere"},
        "spec": {"policyName": "short", "validationActions": ["Audit"]},
    });
    let group = "admissionregistration.k8s.io/v1";
    let create = |plural: &str| request(&format!("create {group} {plural}"));
    server.ok(create("validatingadmissionpolicies"), Some(policy));
    server.ok(create("validatingadmissionpolicybindings"), Some(binding));
    let map = super::config_map("one", json!({"a": "b"}));
    let (notes, is_refused) = noted(&server, request("create v1 configmaps default/"), &map);
    assert!(!is_refused, "it is only noted");
    assert_eq!(notes["short/size"], "it has 1");
    let failure = &notes["validation.policy.admission.k8s.io/validation_failure"];
    let failure: Value = serde_json::from_str(failure).unwrap();
    let expected = json!([{"message": "too long", "policy": "short", "binding": "everywhere",
        "expressionIndex": 1, "validationActions": ["Audit"]}]);
    assert_eq!(failure, expected);
    assert_eq!(notes.len(), 2, "{notes:?}");
}
