//! A claim grows only when its class says that volumes of it can.

use serde_json::Value;

use gantry_api::{GroupResource, Object, ObjectKey, Rejection};
use gantry_base::Quantity;
use gantry_kinds::parts::claim::CLASS_ANNOTATION;

use crate::admission::{Admission, is_on};
use crate::call::Call;

pub(super) struct ClaimResize;

impl Admission for ClaimResize {
    fn validate(
        &self,
        call: &mut Call<'_>,
        object: &Object,
        old: Option<&Object>,
    ) -> Result<(), Rejection> {
        let Some(old) = old.filter(|_| is_on(call, "", "persistentvolumeclaims")) else {
            return Ok(());
        };
        if size(object) <= size(old) {
            return Ok(());
        }
        let refuse = |why: &str| Err(Rejection::forbidden(call.resource(), object.name(), why));
        if old.text(&["status", "phase"]) != "Bound" {
            return refuse("Only bound persistent volume claims can be expanded");
        }
        if !can_grow(call, object) {
            return refuse(
                "only dynamically provisioned pvc can be resized and the storageclass that \
                 provisions the pvc must support resize",
            );
        }
        Ok(())
    }
}

fn size(claim: &Object) -> Option<Quantity> {
    claim
        .text(&["spec", "resources", "requests", "storage"])
        .parse()
        .ok()
}

fn can_grow(call: &Call<'_>, claim: &Object) -> bool {
    let annotations = claim.annotations();
    let named = annotations.get(CLASS_ANNOTATION).map(String::as_str);
    let class = named.unwrap_or_else(|| claim.text(&["spec", "storageClassName"]));
    let classes = GroupResource::new("storage.k8s.io", "storageclasses");
    let class = call.look_up(&ObjectKey::new(classes, "", class));
    class.is_some_and(|class| class.at(&["allowVolumeExpansion"]) == Some(&Value::Bool(true)))
}
