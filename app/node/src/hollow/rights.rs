//! Asks the server whether it allows what hollow nodes do, before any of it is tried.

use futures_util::future::join_all;
use serde_json::{Value, json};

use gantry_api::{GroupResource, ObjectKey, Rejection};
use gantry_client::Api;
use gantry_client::requests::{body, decode, request};
use gantry_registry::request::Verb;

use super::HollowError;

/// What hollow nodes do: group, resource, subresource, verbs.
const NEEDS: [(&str, &str, &str, &[&str]); 8] = [
    ("", "nodes", "", &["list", "watch", "create", "update"]),
    ("", "nodes", "status", &["update"]),
    ("", "pods", "", &["list", "watch", "delete"]),
    ("", "pods", "status", &["update"]),
    ("", "configmaps", "", &["get"]),
    ("", "secrets", "", &["get"]),
    ("", "events", "", &["create", "patch"]),
    (
        "coordination.k8s.io",
        "leases",
        "",
        &["list", "watch", "create", "update"],
    ),
];

/// Whether all of it is allowed, everywhere.
pub(super) async fn check(api: &dyn Api) -> Result<(), HollowError> {
    let needs = NEEDS.into_iter();
    let each = needs.flat_map(|(group, resource, part, verbs)| {
        verbs.iter().map(move |verb| (group, resource, part, *verb))
    });
    let asked = join_all(each.map(|need| is_allowed(api, need))).await;
    let mut refused = Vec::new();
    for answer in asked {
        refused.extend(answer.map_err(HollowError::Unasked)?);
    }
    if refused.is_empty() {
        return Ok(());
    }
    Err(HollowError::NotAllowed(refused))
}

/// What is not allowed, in words; nothing when it is.
async fn is_allowed(
    api: &dyn Api,
    (group, resource, part, verb): (&str, &str, &str, &str),
) -> Result<Option<String>, Rejection> {
    let reviews = GroupResource::new("authorization.k8s.io", "selfsubjectaccessreviews");
    let mut review = request(Verb::Create, &ObjectKey::new(reviews, "", ""), "v1");
    review.body = body(&json!({
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectAccessReview",
        "spec": {"resourceAttributes": {
            "group": group, "resource": resource, "subresource": part, "verb": verb,
        }},
    }));
    let answer: Value = decode(&api.call(review).await?)?;
    if answer["status"]["allowed"] == true {
        return Ok(None);
    }
    let slash = if part.is_empty() { "" } else { "/" };
    Ok(Some(format!("{verb} {resource}{slash}{part}")))
}
