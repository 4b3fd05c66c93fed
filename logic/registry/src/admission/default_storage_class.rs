//! A claim that names no class has the default one, if there is one.
//!
//! An empty name is a choice: such a claim wants a volume without a class.

use serde_json::Value;

use gantry_api::{GroupResource, Object, Rejection};
use gantry_kinds::parts::claim::CLASS_ANNOTATION;

use crate::admission::{Admission, default_class, is_on};
use crate::call::Call;

const DEFAULT: [&str; 2] = [
    "storageclass.kubernetes.io/is-default-class",
    "storageclass.beta.kubernetes.io/is-default-class",
];

pub(super) struct DefaultStorageClass;

impl Admission for DefaultStorageClass {
    fn mutate(
        &self,
        call: &mut Call<'_>,
        object: &mut Object,
        old: Option<&Object>,
    ) -> Result<(), Rejection> {
        let is_named = object.at(&["spec", "storageClassName"]).is_some()
            || object.annotations().contains_key(CLASS_ANNOTATION);
        if old.is_some() || is_named || !is_on(call, "", "persistentvolumeclaims") {
            return Ok(());
        }
        let classes = GroupResource::new("storage.k8s.io", "storageclasses");
        if let Some(class) = default_class::name(call, &classes, &DEFAULT) {
            object.set(&["spec", "storageClassName"], Value::from(class));
        }
        Ok(())
    }
}
