//! `/token`: issues a token that proves to be a ServiceAccount.
//!
//! What the token says is decided here; signing it needs a key, which is kept elsewhere.

use serde_json::{Value, json};

use gantry_access::node;
use gantry_api::field_error::FieldErrors;
use gantry_api::{GroupKind, GroupResource, Object, ObjectKey, Rejection};
use gantry_base::Timestamp;

use crate::call::Call;
use crate::decode::{self, Expected};
use crate::limits::{TOKEN_SECONDS_MAX, TOKEN_SECONDS_MIN};
use crate::step::{Payload, Reply, Step};

const TOKEN_REQUEST: Expected<'static> = Expected {
    group: "authentication.k8s.io",
    version: "v1",
    kind: "TokenRequest",
    schema: None,
};

/// What is asked for by default, in seconds.
const DEFAULT_SECONDS: i64 = 3600;

/// What a token says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenClaims {
    /// The namespace of the ServiceAccount.
    pub namespace: String,
    /// Its name.
    pub service_account: String,
    /// Its uid; a token does not outlive it.
    pub service_account_uid: String,
    /// For whom it is good; empty for the server itself.
    pub audiences: Vec<String>,
    /// The object that it does not outlive, if it is bound to one.
    pub bound_to: Option<BoundObject>,
    /// When it is issued.
    pub issued_at: Timestamp,
    /// For how many seconds it is good.
    pub seconds: i64,
}

/// The object that a token does not outlive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BoundObject {
    /// `Pod`, `Secret` or `Node`.
    pub kind: String,
    /// Its version.
    pub api_version: String,
    /// Its name.
    pub name: String,
    /// Its uid.
    pub uid: String,
    /// The node that a pod runs on, when it is known, with its uid.
    pub node: Option<(String, String)>,
}

/// A token with its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedToken {
    /// The token.
    pub token: String,
    /// When it ceases to be good.
    pub expires_at: Timestamp,
}

/// A token that is to be signed, and the request that it answers.
#[derive(Clone, Debug)]
pub struct TokenOrder {
    /// What the token is to say.
    pub claims: TokenClaims,
    request: Object,
}

impl TokenOrder {
    /// The answer that hands out the token.
    #[must_use]
    pub fn reply(mut self, signed: &SignedToken) -> Reply {
        let end = gantry_base::time::rfc3339(signed.expires_at);
        self.request.set(
            &["status"],
            json!({"token": signed.token, "expirationTimestamp": end}),
        );
        Reply::created(Payload::object(self.request))
    }
}

/// Decides what the token says.
pub(super) fn create(call: &mut Call<'_>) -> Result<Step, Rejection> {
    let mut request = decode::object_as(call, TOKEN_REQUEST)?;
    let stored = call.stored()?;
    let account = call.read(stored)?;
    let asked = request
        .at(&["spec", "expirationSeconds"])
        .and_then(Value::as_i64);
    let seconds = seconds(asked.unwrap_or(DEFAULT_SECONDS), account.name())?;
    let audiences = request.at(&["spec", "audiences"]).and_then(Value::as_array);
    let audiences = audiences.into_iter().flatten().filter_map(Value::as_str);
    let claims = TokenClaims {
        namespace: account.namespace().to_owned(),
        service_account: account.name().to_owned(),
        service_account_uid: account.uid().to_owned(),
        audiences: audiences.map(str::to_owned).collect(),
        bound_to: bound_to(call, &request, &account)?,
        issued_at: call.now,
        seconds,
    };
    check_node(call, &claims)?;
    request.set(&["metadata", "name"], Value::from(account.name()));
    request.set(&["metadata", "namespace"], Value::from(account.namespace()));
    request.set(&["spec", "expirationSeconds"], Value::from(seconds));
    Ok(Step::Sign(Box::new(TokenOrder { claims, request })))
}

/// A node gets tokens for the pods it runs, and for nothing else.
fn check_node(call: &Call<'_>, claims: &TokenClaims) -> Result<(), Rejection> {
    let Some(node) = node::name(&call.request.caller) else {
        return Ok(());
    };
    let bound = claims.bound_to.as_ref().filter(|bound| bound.kind == "Pod");
    let runs_on = bound
        .and_then(|pod| pod.node.as_ref())
        .map(|(name, _)| name.as_str());
    let why = match (bound, runs_on) {
        (Some(_), Some(place)) if place == node => return Ok(()),
        (Some(_), _) => "node requested token bound to a pod scheduled on a different node",
        (None, _) => "node requested token not bound to a pod",
    };
    let name = &claims.service_account;
    Err(Rejection::forbidden(call.resource(), name, why))
}

fn seconds(asked: i64, name: &str) -> Result<i64, Rejection> {
    if TOKEN_SECONDS_MIN <= asked {
        return Ok(asked.min(TOKEN_SECONDS_MAX));
    }
    let mut errors = FieldErrors::new();
    let path = "spec.expirationSeconds".into();
    errors.invalid(
        &path,
        asked,
        "may not specify a duration less than 10 minutes",
    );
    Err(Rejection::Invalid {
        kind: GroupKind::new("authentication.k8s.io", "TokenRequest"),
        name: name.to_owned(),
        errors: errors.into_vec(),
    })
}

/// The objects that tokens can be bound to, each with its resource and whether it lies in the
/// account's namespace.
const BINDABLE: &[(&str, &str, bool)] = &[
    ("Node", "nodes", false),
    ("Pod", "pods", true),
    ("Secret", "secrets", true),
];

fn bound_to(
    call: &Call<'_>,
    request: &Object,
    account: &Object,
) -> Result<Option<BoundObject>, Rejection> {
    let text = |field: &str| request.text(&["spec", "boundObjectRef", field]);
    if text("name").is_empty() {
        return Ok(None);
    }
    let known = BINDABLE.iter().find(|(kind, _, _)| *kind == text("kind"));
    let Some((kind, resource, is_namespaced)) = known else {
        return Err(Rejection::bad_request(format!(
            "cannot bind token for serviceaccount {:?} to a {}: only to a Pod, a Secret or a Node",
            account.name(),
            text("kind")
        )));
    };
    let namespace = if *is_namespaced {
        account.namespace()
    } else {
        ""
    };
    let resource = GroupResource::new("", *resource);
    let key = ObjectKey::new(resource.clone(), namespace, text("name"));
    let missing = || Rejection::not_found(resource, text("name"));
    let object = call.look_up(&key).ok_or_else(missing)?;
    if !text("uid").is_empty() && text("uid") != object.uid() {
        return Err(Rejection::Conflict {
            resource: key.resource,
            name: key.name,
            why: format!(
                "the UID in the bound object reference ({}) does not match the UID in record. The \
                 object might have been deleted and then recreated",
                text("uid")
            ),
        });
    }
    let own = object.text(&["spec", "serviceAccountName"]);
    if *kind == "Pod" && own != account.name() {
        return Err(Rejection::bad_request(format!(
            "cannot bind token for serviceaccount {:?} to pod running with different \
             serviceaccount name {own:?}",
            account.name()
        )));
    }
    let node = object.text(&["spec", "nodeName"]);
    let node_uid = || {
        let key = ObjectKey::new(GroupResource::new("", "nodes"), "", node);
        call.find(&key)
            .map(|stored| stored.value.summary().uid.clone())
    };
    Ok(Some(BoundObject {
        kind: (*kind).to_owned(),
        api_version: "v1".to_owned(),
        name: object.name().to_owned(),
        uid: object.uid().to_owned(),
        node: (!node.is_empty()).then(|| (node.to_owned(), node_uid().unwrap_or_default())),
    }))
}
