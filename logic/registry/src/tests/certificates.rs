//! A certificate is asked for by one, approved by another and issued by a third.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use gantry_api::Caller;
use serde_json::{Value, json};

use super::{Server, request};

/// By jane, who would like to be of the group of masters.
const REQUEST: &str = "-----BEGIN CERTIFICATE REQUEST-----
MIHkMIGKAgEAMCgxFzAVBgNVBAoMDnN5c3RlbTptYXN0ZXJzMQ0wCwYDVQQDDARq
YW5lMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEzoR1OH/7zJxHHwLEqmg4+sy7
iua6klOvLHphDovCJRY/9ll14LZQFF6sOiIs+SjgIeN6fJsk8oYU6u4KK1+sqaAA
MAoGCCqGSM49BAMCA0kAMEYCIQCjhCnuGvZA20yPImgy26j76GGgdYIJp1214NSL
JBqM8wIhANpe1lWbQ7Gk00Zn+zBRzAfnCJhCAULBIjrEPHnO+ANF
-----END CERTIFICATE REQUEST-----
";
const PATH: &str = "certificates.k8s.io/v1 certificatesigningrequests";

fn asked(signer: &str) -> Value {
    json!({
        "apiVersion": "certificates.k8s.io/v1", "kind": "CertificateSigningRequest",
        "metadata": {"name": "jane"},
        "spec": {
            "request": STANDARD.encode(REQUEST), "signerName": signer, "usages": ["client auth"],
            "username": "somebody else",
        },
    })
}

fn line(verb: &str, part: &str) -> crate::Request {
    request(&format!("{verb} {PATH}{part} jane"))
}

fn approval() -> Value {
    json!({"status": {"conditions": [{"type": "Approved", "status": "True", "reason": "Known"}]}})
}

#[test]
fn each_door_changes_its_own_part() {
    let mut server = Server::new();
    let made = server.ok(
        request(&format!("create {PATH}")),
        Some(asked("example.com/a")),
    );
    assert_eq!(made["spec"]["username"], "admin");
    assert_eq!(made["status"], json!({}));

    server.ok(line("merge-patch", ""), Some(approval()));
    let same = server.ok(line("get", ""), None);
    assert_eq!(same["status"], json!({}), "who asks does not approve");

    let mut decided = approval();
    decided["metadata"] = json!({"annotations": {"why": "known"}});
    decided["status"]["certificate"] = json!("eA==");
    let approved = server.ok(line("merge-patch", "/approval"), Some(decided));
    let condition = &approved["status"]["conditions"][0];
    assert_eq!(condition["lastUpdateTime"], "2026-03-01T10:00:00Z");
    assert_eq!(approved["status"].get("certificate"), None);
    assert_eq!(approved["metadata"]["annotations"]["why"], "known");

    let denied = json!({"status": {"conditions": [{"type": "Denied", "status": "True"}]}});
    let refused = server.refused(line("merge-patch", "/status"), Some(denied));
    assert!(
        refused.contains("updates may not remove a condition of type \"Approved\""),
        "{refused}"
    );
    let failed = json!({"status": {"conditions": [
        {"type": "Approved", "status": "True"}, {"type": "Failed", "status": "True"},
    ]}});
    let failed = server.ok(line("merge-patch", "/status"), Some(failed));
    let conditions = &failed["status"]["conditions"];
    assert_eq!(
        (&conditions[0], &conditions[1]["type"]),
        (condition, &json!("Failed"))
    );
}

#[test]
fn deciding_needs_a_right_of_its_own() {
    let mut server = Server::new();
    server.ok(
        request(&format!("create {PATH}")),
        Some(asked("example.com/a")),
    );
    let rule = |verb: &str, names: &str| {
        json!({"apiGroups": ["certificates.k8s.io"], "resources": ["signers"], "verbs": [verb],
            "resourceNames": [names]})
    };
    server.ok(
        request("create rbac.authorization.k8s.io/v1 clusterroles"),
        Some(json!({
            "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole",
            "metadata": {"name": "approver"}, "rules": [rule("approve", "example.com/*")],
        })),
    );
    server.ok(
        request("create rbac.authorization.k8s.io/v1 clusterrolebindings"),
        Some(json!({
            "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding",
            "metadata": {"name": "approver"},
            "roleRef": {"kind": "ClusterRole", "name": "approver"},
            "subjects": [{"kind": "User", "name": "ann"}],
        })),
    );
    server.caller = Caller::authenticated("bob", &[]);
    assert_eq!(
        server.refused(line("merge-patch", "/approval"), Some(approval())),
        "403 Forbidden: certificatesigningrequests.certificates.k8s.io \"jane\" is forbidden: user \
         not permitted to approve requests with signerName \"example.com/a\""
    );
    server.caller = Caller::authenticated("ann", &[]);
    server.ok(line("merge-patch", "/approval"), Some(approval()));
    let failed = json!({"status": {"conditions": [
        {"type": "Approved", "status": "True"}, {"type": "Failed", "status": "True"},
    ]}});
    let refused = server.refused(line("merge-patch", "/status"), Some(failed));
    assert!(refused.contains("not permitted to sign"), "{refused}");
}

#[test]
fn nobody_becomes_almighty_by_a_certificate() {
    let mut server = Server::new();
    let signer = "kubernetes.io/kube-apiserver-client";
    assert_eq!(
        server.refused(request(&format!("create {PATH}")), Some(asked(signer))),
        "403 Forbidden: certificatesigningrequests.certificates.k8s.io \"jane\" is forbidden: use \
         of kubernetes.io/kube-apiserver-client signer with system:masters group is not allowed"
    );
}

#[test]
fn requests_are_selected_by_their_signer() {
    let mut server = Server::new();
    server.ok(
        request(&format!("create {PATH}")),
        Some(asked("example.com/a")),
    );
    let count = |server: &mut Server, signer: &str| {
        let line = super::with(&format!("list {PATH}"), |options| {
            options.field_selector = Some(format!("spec.signerName={signer}"));
        });
        server.ok(line, None)["items"].as_array().unwrap().len()
    };
    assert_eq!(count(&mut server, "example.com/a"), 1);
    assert_eq!(count(&mut server, "example.com/b"), 0);
}
