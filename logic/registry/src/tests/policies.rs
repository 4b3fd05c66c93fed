//! Policies of the cluster: what they judge, what they say, and what becomes of it.

use gantry_api::Caller;
use serde_json::{Value, json};

use super::{Server, config_map, pod, request, with};

const GROUP: &str = "admissionregistration.k8s.io/v1";

/// A policy on what is done to `resources` of a group, with more in its `spec`.
fn policy(server: &mut Server, name: &str, (group, resources): (&str, &[&str]), more: Value) {
    let mut body = json!({
        "apiVersion": GROUP, "kind": "ValidatingAdmissionPolicy", "metadata": {"name": name},
        "spec": {"matchConstraints": {"resourceRules": [{
            "apiGroups": [group], "apiVersions": ["v1"], "resources": resources,
            "operations": ["CREATE", "UPDATE"],
        }]}},
    });
    merge(&mut body["spec"], more);
    let line = format!("create {GROUP} validatingadmissionpolicies");
    server.ok(request(&line), Some(body));
}

/// A binding of a policy that is called like it.
fn bind(server: &mut Server, name: &str, more: Value) {
    let mut body = json!({
        "apiVersion": GROUP, "kind": "ValidatingAdmissionPolicyBinding",
        "metadata": {"name": format!("{name}-here")},
        "spec": {"policyName": name, "validationActions": ["Deny"]},
    });
    merge(&mut body["spec"], more);
    let line = format!("create {GROUP} validatingadmissionpolicybindings");
    server.ok(request(&line), Some(body));
}

fn merge(into: &mut Value, more: Value) {
    let Value::Object(more) = more else {
        *into = more;
        return;
    };
    for (field, value) in more {
        merge(&mut into[field], value);
    }
}

fn deployment(name: &str, replicas: i64) -> Value {
    json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": {"app": name}},
            "template": {"metadata": {"labels": {"app": name}}, "spec": pod("x")["spec"]},
        },
    })
}

/// Sends a request and tells what became of it.
fn outcome(server: &mut Server, line: &str, body: Option<Value>) -> String {
    let (code, answer) = server.send(request(line), body);
    let mut told = match answer["message"].as_str() {
        Some(message) => format!(
            "{code} {}: {message}",
            answer["reason"].as_str().unwrap_or("")
        ),
        None => format!("{code}"),
    };
    if let Some(warnings) = answer.get("WARNINGS") {
        told.push_str(&format!(" warned: {}", warnings[0].as_str().unwrap_or("")));
    }
    told
}

fn create_deployment(server: &mut Server, name: &str, replicas: i64) -> String {
    let body = deployment(name, replicas);
    outcome(server, "create apps/v1 deployments default/", Some(body))
}

fn create_map(server: &mut Server, name: &str) -> String {
    let body = config_map(name, json!({}));
    outcome(server, "create v1 configmaps default/", Some(body))
}

#[test]
fn a_policy_judges_with_the_parameters_of_its_binding() {
    let mut server = Server::new();
    let limit = json!({
        "paramKind": {"apiVersion": "v1", "kind": "ConfigMap"},
        "validations": [{
            "expression": "object.spec.replicas <= int(params.data.most)",
            "messageExpression": "'at most ' + params.data.most + ' replicas in ' + namespaceObject.metadata.name",
        }],
    });
    policy(&mut server, "replicas", ("apps", &["deployments"]), limit);
    assert_eq!(create_deployment(&mut server, "unbound", 9), "201");
    let reference = json!({"paramRef": {"name": "limits", "parameterNotFoundAction": "Deny"}});
    bind(&mut server, "replicas", reference);
    assert_eq!(
        create_deployment(&mut server, "web", 3),
        "422 Invalid: deployments.apps \"web\" is forbidden: ValidatingAdmissionPolicy 'replicas' \
         with binding 'replicas-here' denied request: failed to configure binding: no params \
         found for policy binding with `Deny` parameterNotFoundAction"
    );
    let limits = config_map("limits", json!({"most": "5"}));
    server.ok(request("create v1 configmaps default/"), Some(limits));
    assert_eq!(create_deployment(&mut server, "web", 5), "201");
    let refused = "422 Invalid: deployments.apps \"big\" is forbidden: ValidatingAdmissionPolicy \
                   'replicas' with binding 'replicas-here' denied request: at most 5 replicas in \
                   default";
    assert_eq!(create_deployment(&mut server, "big", 6), refused);
    let scaled = outcome(
        &mut server,
        "merge-patch apps/v1 deployments default/web",
        Some(json!({"spec": {"replicas": 6}})),
    );
    assert!(scaled.contains("at most 5 replicas"), "{scaled}");
    let raised = json!({"data": {"most": "6"}});
    server.ok(
        request("merge-patch v1 configmaps default/limits"),
        Some(raised),
    );
    assert_eq!(create_deployment(&mut server, "big", 6), "201");
}

#[test]
fn parameters_are_selected_by_their_labels() {
    let mut server = Server::new();
    let limit = json!({
        "paramKind": {"apiVersion": "v1", "kind": "ConfigMap"},
        "validations": [{
            "expression": "!object.metadata.name.startsWith(params.data.prefix)",
            "message": "that prefix is taken",
        }],
    });
    policy(&mut server, "prefixes", ("", &["secrets"]), limit);
    let selector = json!({"matchLabels": {"role": "prefix"}});
    let reference = json!({"paramRef": {"selector": selector, "parameterNotFoundAction": "Allow"}});
    bind(&mut server, "prefixes", reference);
    let secret =
        |name: &str| json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}});
    let line = "create v1 secrets default/";
    assert_eq!(outcome(&mut server, line, Some(secret("a-one"))), "201");
    for name in ["a", "b"] {
        let mut map = config_map(name, json!({"prefix": format!("{name}-")}));
        map["metadata"]["labels"] = json!({"role": "prefix"});
        server.ok(request("create v1 configmaps default/"), Some(map));
    }
    for name in ["a-two", "b-two"] {
        let told = outcome(&mut server, line, Some(secret(name)));
        assert!(told.ends_with("that prefix is taken"), "{told}");
    }
    assert_eq!(outcome(&mut server, line, Some(secret("c-two"))), "201");
}

#[test]
fn a_binding_decides_between_refusing_and_warning() {
    let mut server = Server::new();
    let images = json!({
        "variables": [
            {"name": "images", "expression": "object.spec.containers.map(c, c.image)"},
            {"name": "foreign", "expression": "variables.images.filter(i, !i.startsWith('registry.example/'))"},
        ],
        "validations": [{
            "expression": "variables.foreign.size() == 0",
            "messageExpression": "'from elsewhere: ' + variables.foreign.join(', ')",
            "reason": "Forbidden",
        }],
    });
    policy(&mut server, "images", ("", &["pods"]), images);
    bind(
        &mut server,
        "images",
        json!({"validationActions": ["Warn", "Audit"]}),
    );
    let line = "create v1 pods default/";
    assert_eq!(
        outcome(&mut server, line, Some(pod("a"))),
        "201 warned: Validation failed for ValidatingAdmissionPolicy 'images' with binding \
         'images-here': from elsewhere: nginx"
    );
    let denied = json!({"spec": {"validationActions": ["Deny"]}});
    let path = format!("merge-patch {GROUP} validatingadmissionpolicybindings images-here");
    server.ok(request(&path), Some(denied));
    let (code, answer) = server.send(request(line), Some(pod("b")));
    assert_eq!(code, 403);
    assert_eq!(answer["reason"], "Forbidden");
    assert_eq!(answer["details"]["kind"], "pods");
    let cause = "ValidatingAdmissionPolicy 'images' with binding 'images-here' denied request: from \
                 elsewhere: nginx";
    assert_eq!(answer["details"]["causes"][0]["message"], cause);
    let mut own = pod("c");
    own["spec"]["containers"][0]["image"] = "registry.example/web:1".into();
    assert_eq!(outcome(&mut server, line, Some(own)), "201");
}

#[test]
fn a_policy_judges_what_it_matches_and_nothing_else() {
    let mut server = Server::new();
    let other = json!({"apiVersion": "v1", "kind": "Namespace",
        "metadata": {"name": "open", "labels": {"policies": "off"}}});
    server.ok(request("create v1 namespaces"), Some(other));
    let never = json!({
        "matchConstraints": {
            "namespaceSelector": {"matchExpressions": [
                {"key": "policies", "operator": "NotIn", "values": ["off"]}]},
            "objectSelector": {"matchLabels": {"app": "web"}},
            "excludeResourceRules": [{"apiGroups": [""], "apiVersions": ["*"],
                "resources": ["configmaps"], "resourceNames": ["spared"], "operations": ["*"]}],
        },
        "matchConditions": [{
            "name": "not-the-robot",
            "expression": "request.userInfo.username != 'robot'",
        }],
        "validations": [{"expression": "false", "message": "never"}],
    });
    policy(&mut server, "never", ("", &["configmaps"]), never);
    bind(&mut server, "never", json!({}));
    let map = |name: &str, app: &str| {
        let mut map = config_map(name, json!({}));
        map["metadata"]["labels"] = json!({"app": app});
        map
    };
    let line = "create v1 configmaps default/";
    let told = outcome(&mut server, line, Some(map("a", "web")));
    assert!(told.ends_with("denied request: never"), "{told}");
    assert_eq!(outcome(&mut server, line, Some(map("a", "db"))), "201");
    assert_eq!(
        outcome(&mut server, line, Some(map("spared", "web"))),
        "201"
    );
    let elsewhere = "create v1 configmaps open/";
    assert_eq!(
        outcome(&mut server, elsewhere, Some(map("a", "web"))),
        "201"
    );
    // Somebody who takes the label away is judged by what was there.
    let bare = json!({"metadata": {"labels": {"app": "web"}}});
    let told = outcome(
        &mut server,
        "merge-patch v1 configmaps default/a",
        Some(bare),
    );
    assert!(told.ends_with("denied request: never"), "{told}");
    server.caller = Caller::authenticated("robot", &["system:masters"]);
    assert_eq!(outcome(&mut server, line, Some(map("b", "web"))), "201");
    // Nothing is said about deletions.
    assert_eq!(
        outcome(&mut server, "delete v1 configmaps default/b", None),
        "200"
    );
}

#[test]
fn a_binding_narrows_what_its_policy_matches() {
    let mut server = Server::new();
    let never = json!({"validations": [{"expression": "false"}]});
    policy(
        &mut server,
        "never",
        ("", &["configmaps", "secrets"]),
        never,
    );
    let rules = json!([{"apiGroups": [""], "apiVersions": ["v1"], "resources": ["secrets"],
        "operations": ["CREATE"]}]);
    bind(
        &mut server,
        "never",
        json!({"matchResources": {"resourceRules": rules}}),
    );
    assert_eq!(create_map(&mut server, "a"), "201");
    let secret = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "a"}});
    let told = outcome(&mut server, "create v1 secrets default/", Some(secret));
    assert!(
        told.ends_with("denied request: failed expression: false"),
        "{told}"
    );
}

#[test]
fn deletions_are_judged_by_what_is_there() {
    let mut server = Server::new();
    let kept = json!({
        "matchConstraints": {"resourceRules": [{"apiGroups": [""], "apiVersions": ["v1"],
            "resources": ["configmaps"], "operations": ["DELETE"]}]},
        "validations": [{
            "expression": "object == null && !('keep' in oldObject.data)",
            "message": "this one is kept",
        }],
    });
    policy(&mut server, "kept", ("", &["configmaps"]), kept);
    bind(&mut server, "kept", json!({}));
    for (name, data) in [("a", json!({"keep": "yes"})), ("b", json!({"x": "y"}))] {
        let map = config_map(name, data);
        server.ok(request("create v1 configmaps default/"), Some(map));
    }
    let told = outcome(&mut server, "delete v1 configmaps default/a", None);
    assert!(told.ends_with("this one is kept"), "{told}");
    assert_eq!(
        outcome(&mut server, "delete v1 configmaps default/b", None),
        "200"
    );
}

#[test]
fn a_policy_that_fails_refuses_unless_it_may_be_ignored() {
    let mut server = Server::new();
    let broken = json!({"validations": [{"expression": "object.data.missing == 'x'"}]});
    policy(&mut server, "broken", ("", &["configmaps"]), broken);
    bind(&mut server, "broken", json!({}));
    let body = config_map("a", json!({"x": "y"}));
    let line = "create v1 configmaps default/";
    assert_eq!(
        outcome(&mut server, line, Some(body.clone())),
        "422 Invalid: configmaps \"a\" is forbidden: ValidatingAdmissionPolicy 'broken' with \
         binding 'broken-here' denied request: expression 'object.data.missing == 'x'' resulted \
         in error: no such key: missing"
    );
    let costly = "lists.range(1000).all(x, lists.range(1000).all(y, x + y >= 0))";
    let path = format!("merge-patch {GROUP} validatingadmissionpolicies broken");
    let change = json!({"spec": {"validations": [{"expression": costly}]}});
    server.ok(request(&path), Some(change));
    let told = outcome(&mut server, line, Some(body.clone()));
    assert!(told.ends_with("actual cost limit exceeded"), "{told}");
    let ignored = json!({"spec": {"failurePolicy": "Ignore"}});
    server.ok(request(&path), Some(ignored));
    assert_eq!(outcome(&mut server, line, Some(body)), "201");
}

#[test]
fn a_policy_whose_validations_cost_too_much_together_is_cut_off() {
    let mut server = Server::new();
    let costly = "lists.range(180000).all(x, x >= 0)";
    let validations = vec![json!({"expression": costly}); 15];
    let spec = json!({"validations": validations});
    policy(&mut server, "long", ("", &["configmaps"]), spec);
    bind(&mut server, "long", json!({}));
    let told = create_map(&mut server, "a");
    assert!(
        told.ends_with("no further validation rules will be run"),
        "{told}"
    );
}

#[test]
fn the_authorizer_answers_for_the_sender_and_for_others() {
    let mut server = Server::new();
    let asking = json!({
        "validations": [
            {
                "expression": "authorizer.requestResource.check('approve').allowed()",
                "messageExpression": "request.userInfo.username + ' may not approve'",
            },
            {
                "expression": "!authorizer.serviceAccount('default', 'default').group('').resource('secrets').check('get').allowed()",
            },
        ],
    });
    policy(&mut server, "asking", ("", &["configmaps"]), asking);
    bind(&mut server, "asking", json!({}));
    assert_eq!(create_map(&mut server, "a"), "201");
    server.caller = Caller::authenticated("anna", &[]);
    let told = create_map(&mut server, "b");
    assert!(told.ends_with("anna may not approve"), "{told}");
}

#[test]
fn who_configures_admission_is_never_judged() {
    let mut server = Server::new();
    let never = json!({
        "matchConstraints": {"resourceRules": [{"apiGroups": ["*"], "apiVersions": ["*"],
            "resources": ["*/*"], "operations": ["*"]}]},
        "validations": [{"expression": "false", "message": "never"}],
    });
    policy(&mut server, "never", ("", &["configmaps"]), never);
    bind(&mut server, "never", json!({}));
    let told = create_map(&mut server, "a");
    assert!(told.ends_with("never"), "{told}");
    let harmless = json!({"validations": [{"expression": "true"}]});
    policy(&mut server, "harmless", ("", &["configmaps"]), harmless);
    let path = format!("delete {GROUP} validatingadmissionpolicybindings never-here");
    assert_eq!(outcome(&mut server, &path, None), "200");
    assert_eq!(create_map(&mut server, "a"), "201");
}

#[test]
fn a_dry_run_is_judged_like_everything_else() {
    let mut server = Server::new();
    let spec = json!({"validations": [{"expression": "!request.dryRun", "message": "dry"}]});
    policy(&mut server, "wet", ("", &["configmaps"]), spec);
    bind(&mut server, "wet", json!({}));
    let dry = with("create v1 configmaps default/", |options| {
        options.dry_run = true
    });
    let (code, answer) = server.send(dry, Some(config_map("a", json!({}))));
    assert_eq!(code, 422, "{answer}");
    assert_eq!(create_map(&mut server, "a"), "201");
}

#[test]
fn an_annotation_that_cannot_be_made_refuses() {
    let mut server = Server::new();
    let spec = json!({"auditAnnotations": [
        {"key": "size", "valueExpression": "'size ' + string(object.data.size())"},
    ]});
    policy(&mut server, "noted", ("", &["configmaps"]), spec);
    bind(&mut server, "noted", json!({}));
    let line = "create v1 configmaps default/";
    let body = config_map("a", json!({"x": "y"}));
    assert_eq!(outcome(&mut server, line, Some(body)), "201");
    let mut bare = config_map("b", json!({}));
    bare.as_object_mut().unwrap().remove("data");
    let told = outcome(&mut server, line, Some(bare));
    assert!(told.ends_with("no such key: data"), "{told}");
}
