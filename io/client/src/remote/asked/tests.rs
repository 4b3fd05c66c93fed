use expect_test::{Expect, expect};
use http::StatusCode;
use serde_json::json;

use gantry_api::ObjectKey;
use gantry_api::{GroupResource, Rejection};
use gantry_registry::Request;
use gantry_registry::request::{PatchType, Verb};

use super::super::{Refusal, RemoteError};
use super::{address, facts};
use crate::requests::{body, request};

fn pod(verb: Verb) -> Request {
    let key = ObjectKey::new(GroupResource::new("", "pods"), "n", "p");
    request(verb, &key, "v1")
}

fn check(request: &Request, expected: &Expect) {
    let call = address::call(request);
    let (content, media_type) = call.body.unwrap_or_default();
    let content = String::from_utf8_lossy(&content).into_owned();
    let text = format!("{} {}\n{media_type} {content}", call.method, call.path);
    expected.assert_eq(text.trim());
}

#[test]
fn requests_lead_where_servers_expect_them() {
    check(&pod(Verb::Get), &expect!["GET /api/v1/namespaces/n/pods/p"]);
    let mut unversioned = pod(Verb::Get);
    unversioned.resource.version.version.clear();
    check(&unversioned, &expect!["GET /api/v1/namespaces/n/pods/p"]);
    let mut status = pod(Verb::Update);
    status.subresource = Some("status".to_owned());
    status.body = body(&json!({}));
    check(
        &status,
        &expect![[r#"
            PUT /api/v1/namespaces/n/pods/p/status
            application/json {}"#]],
    );
    let everywhere = ObjectKey::new(GroupResource::new("apps", "deployments"), "", "");
    let mut watch = request(Verb::Watch, &everywhere, "v1");
    watch.options.send_initial_events = Some(true);
    watch.options.allow_bookmarks = true;
    watch.options.field_selector = Some("spec.nodeName=a".to_owned());
    check(
        &watch,
        &expect![
            "GET /apis/apps/v1/deployments?watch=true&fieldSelector=spec.nodeName%3Da&allowWatchBookmarks=true&sendInitialEvents=true"
        ],
    );
    let mut patch = pod(Verb::Patch(PatchType::Merge));
    patch.body = body(&json!({"a": 1}));
    check(
        &patch,
        &expect![[r#"
            PATCH /api/v1/namespaces/n/pods/p
            application/merge-patch+json {"a":1}"#]],
    );
}

#[test]
fn a_deletion_says_which_object_is_meant() {
    let mut delete = pod(Verb::Delete);
    delete.options.delete.uid = Some("u".to_owned());
    delete.options.delete.grace_period_seconds = Some(0);
    check(
        &delete,
        &expect![[r#"
            DELETE /api/v1/namespaces/n/pods/p
            application/json {"apiVersion":"v1","gracePeriodSeconds":0,"kind":"DeleteOptions","preconditions":{"uid":"u"}}"#]],
    );
}

#[test]
fn a_refusal_becomes_the_rejection_that_the_server_meant() {
    let resource = GroupResource::new("", "pods");
    let name = "p".to_owned();
    let forbidden = "User \"u\" cannot get resource \"pods\" in API group \"\"";
    let meant = [
        Rejection::not_found(resource.clone(), "p"),
        Rejection::NoSuchPath,
        Rejection::forbidden(resource.clone(), "p", forbidden),
        Rejection::AlreadyExists {
            resource: resource.clone(),
            name: name.clone(),
        },
        Rejection::Conflict {
            resource,
            name,
            why: "the object has been modified".to_owned(),
        },
        Rejection::Unauthorized,
        Rejection::internal("the disk is full"),
    ];
    for rejection in meant {
        let code = StatusCode::from_u16(rejection.code()).unwrap();
        let refusal = Refusal::read(code, rejection.status().to_string().as_bytes());
        let error = RemoteError::Refused(Box::new(refusal));
        let read = facts::rejection(&pod(Verb::Get), &error);
        // What an internal error says of itself is said once more; that does no harm.
        assert_eq!(read.code(), rejection.code());
        if rejection.code() != 500 {
            assert_eq!(read, rejection);
        }
    }
}

#[test]
fn a_server_that_is_away_is_unavailable() {
    let error = RemoteError::NobodyListens {
        address: "a:1".to_owned(),
    };
    let rejection = facts::rejection(&pod(Verb::Get), &error);
    assert_eq!(
        rejection.to_string(),
        "could not connect to a:1: connection refused"
    );
}
