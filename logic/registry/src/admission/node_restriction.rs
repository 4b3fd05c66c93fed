//! A node speaks for itself only: its own object, its own lease, its own pods.

use gantry_access::node;
use gantry_api::{Object, Rejection};

use crate::admission::Admission;
use crate::call::Call;

pub(super) struct NodeRestriction;

impl Admission for NodeRestriction {
    fn plugin(&self) -> Option<&'static str> {
        Some("NodeRestriction")
    }

    fn validate(
        &self,
        call: &mut Call<'_>,
        object: &Object,
        old: Option<&Object>,
    ) -> Result<(), Rejection> {
        // What is judged is what was there: a node cannot make a foreign pod its own.
        check(call, old.unwrap_or(object), old.is_none())
    }

    fn deleting(&self, call: &Call<'_>, object: &Object) -> Result<(), Rejection> {
        check(call, object, false)
    }
}

fn check(call: &Call<'_>, object: &Object, is_new: bool) -> Result<(), Rejection> {
    let Some(node) = node::name(&call.request.caller) else {
        return Ok(());
    };
    let names = &call.kind.names;
    let refuse = |what: String| {
        let why = format!("node {node:?} {what}");
        Err(Rejection::forbidden(call.resource(), object.name(), why))
    };
    match (names.group.as_ref(), names.plural.as_ref()) {
        ("", "nodes") if object.name() != node => {
            refuse(format!("is not allowed to modify node {:?}", object.name()))
        }
        ("coordination.k8s.io", "leases") if object.name() != node => refuse(
            "can only access node lease with the same name as the requesting node".to_owned(),
        ),
        ("storage.k8s.io", "csinodes") if object.name() != node => {
            refuse("can only access CSINode with the same name as the requesting node".to_owned())
        }
        ("", "pods") if is_new => refuse("may not create pods".to_owned()),
        ("", "pods") if object.text(&["spec", "nodeName"]) != node => refuse(format!(
            "can only change pods with spec.nodeName set to {node:?}"
        )),
        _ => Ok(()),
    }
}
