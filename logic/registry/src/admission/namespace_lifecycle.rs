//! Objects are made only in namespaces that exist and stay; some namespaces always stay.

use gantry_api::status::Cause;
use gantry_api::{GroupResource, Object, ObjectKey, Rejection};
use gantry_kinds::Scope;
use gantry_store::{Guard, Key};

use crate::admission::{Admission, is_on};
use crate::call::Call;

/// The namespaces without which a cluster does not work.
const PROTECTED: [&str; 3] = ["default", "kube-public", "kube-system"];

pub(super) struct NamespaceLifecycle;

impl Admission for NamespaceLifecycle {
    fn plugin(&self) -> Option<&'static str> {
        Some("NamespaceLifecycle")
    }

    fn mutate(
        &self,
        call: &mut Call<'_>,
        object: &mut Object,
        old: Option<&Object>,
    ) -> Result<(), Rejection> {
        if old.is_some() || call.kind.scope == Scope::Cluster {
            return Ok(());
        }
        let name = call.request.namespace();
        let namespaces = GroupResource::new("", "namespaces");
        let key = ObjectKey::new(namespaces.clone(), "", name);
        let Some(namespace) = call.find(&key) else {
            return Err(Rejection::not_found(namespaces, name));
        };
        if namespace.value.summary().terminating {
            return Err(terminating(call, object, name));
        }
        // Between this moment and the commit its deletion may begin: nothing new comes after that.
        let since = namespace.modified;
        call.require(Guard::Unchanged {
            key: Key::from(&key),
            since,
        });
        Ok(())
    }

    fn deleting(&self, call: &Call<'_>, object: &Object) -> Result<(), Rejection> {
        if is_on(call, "", "namespaces") && PROTECTED.contains(&object.name()) {
            let why = "this namespace may not be deleted";
            return Err(Rejection::forbidden(call.resource(), object.name(), why));
        }
        Ok(())
    }
}

fn terminating(call: &Call<'_>, object: &Object, namespace: &str) -> Rejection {
    Rejection::Forbidden {
        resource: call.resource(),
        name: object.name().to_owned(),
        why: format!(
            "unable to create new content in namespace {namespace} because it is being terminated"
        ),
        causes: vec![Cause {
            reason: "NamespaceTerminating".to_owned(),
            message: format!("namespace {namespace} is being terminated"),
            field: "metadata.namespace".to_owned(),
        }],
    }
}
