//! Questions that are answered and not stored.

use gantry_api::Caller;
use gantry_base::time::rfc3339;
use serde_json::json;

use super::{Server, request};
use crate::Step;
use crate::request::{Body, Format, Include, View};
use crate::step::Authenticated;
use crate::subresources::token::SignedToken;

#[test]
fn what_a_review_says_is_what_happens() {
    let mut server = Server::new();
    let review = json!({"apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview",
        "spec": {"user": "jane", "resourceAttributes": {"verb": "list", "resource": "pods"}}});
    let line = "create authorization.k8s.io/v1 subjectaccessreviews";
    let answer = server.ok(request(line), Some(review));
    assert_eq!(answer["status"]["allowed"], false);
    let own = json!({"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview",
        "spec": {"nonResourceAttributes": {"verb": "get", "path": "/metrics"}}});
    let line = "create authorization.k8s.io/v1 selfsubjectaccessreviews";
    assert_eq!(
        server.ok(request(line), Some(own))["status"]["allowed"],
        true
    );
}

#[test]
fn a_question_is_never_a_table() {
    let mut server = Server::new();
    let mut asked = request("create authorization.k8s.io/v1 selfsubjectaccessreviews");
    asked.view = View::Table {
        include: Include::Metadata,
    };
    assert!(
        server
            .refused(asked, Some(json!({})))
            .starts_with("406 NotAcceptable")
    );
}

#[test]
fn everybody_may_learn_who_they_are() {
    let mut server = Server::new();
    server.caller = Caller::authenticated("jane", &["team"]);
    let review = json!({"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"});
    let answer = server.ok(
        request("create authentication.k8s.io/v1 selfsubjectreviews"),
        Some(review),
    );
    assert_eq!(
        answer["status"]["userInfo"],
        json!({"username": "jane", "groups": ["team", "system:authenticated"]})
    );
}

#[test]
fn a_token_says_whose_it_is_and_ends() {
    let mut server = Server::new();
    let account =
        json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "robot"}});
    server.ok(request("create v1 serviceaccounts default/"), Some(account));
    let mut asked = request("create v1 serviceaccounts/token default/robot");
    let body = json!({"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest",
        "spec": {"audiences": ["vault"], "expirationSeconds": 7200}});
    asked.body = Some(Body {
        bytes: body.to_string().into(),
        format: Format::Json,
    });
    let Step::Sign(order) = server.step(&asked).unwrap() else {
        panic!("a token must be signed")
    };
    assert_eq!(order.claims.service_account, "robot");
    assert_eq!(
        (order.claims.audiences.as_slice(), order.claims.seconds),
        (&["vault".to_owned()][..], 7200)
    );
    let signed = SignedToken {
        token: "signed".to_owned(),
        expires_at: server.now,
    };
    let answer: serde_json::Value =
        serde_json::from_slice(&order.reply(&signed).into_pieces(None).concat()).unwrap();
    assert_eq!(
        answer["status"],
        json!({"token": "signed", "expirationTimestamp": rfc3339(server.now)})
    );
}

#[test]
fn a_token_that_nobody_signed_is_nobodys() {
    let mut server = Server::new();
    let mut asked = request("create authentication.k8s.io/v1 tokenreviews");
    let body = json!({"apiVersion": "authentication.k8s.io/v1", "kind": "TokenReview",
        "spec": {"token": "x"}});
    asked.body = Some(Body {
        bytes: body.to_string().into(),
        format: Format::Json,
    });
    let mut told = |found: Result<Authenticated, String>| {
        let Step::Authenticate(check) = server.step(&asked).unwrap() else {
            panic!("a token must be looked at")
        };
        let pieces = check.reply(found).into_pieces(None).concat();
        let answer: serde_json::Value = serde_json::from_slice(&pieces).unwrap();
        answer["status"].clone()
    };
    let refused = told(Err("no".to_owned()));
    assert_eq!(
        refused,
        json!({"authenticated": false, "user": {}, "error": "no"})
    );
    let found = Authenticated {
        caller: Caller::authenticated("jane", &[]),
        audiences: vec!["api".to_owned()],
    };
    assert_eq!(told(Ok(found))["user"]["username"], "jane");
}

#[test]
fn a_node_gets_tokens_for_its_own_pods_only() {
    let mut server = Server::new();
    server.ok(request("create v1 pods default/"), Some(super::pod("web")));
    server.caller = Caller::authenticated("system:node:n1", &["system:nodes"]);
    let line = "create v1 serviceaccounts/token default/default";
    let mut body = json!({"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest",
        "spec": {"audiences": []}});
    let refused = server.refused(request(line), Some(body.clone()));
    assert!(
        refused.ends_with("node requested token not bound to a pod"),
        "{refused}"
    );
    body["spec"]["boundObjectRef"] = json!({"kind": "Pod", "apiVersion": "v1", "name": "web"});
    let refused = server.refused(request(line), Some(body));
    assert!(
        refused.ends_with("scheduled on a different node"),
        "{refused}"
    );
}
