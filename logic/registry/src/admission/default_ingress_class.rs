//! An ingress that names no class has the default one, if there is one.

use serde_json::Value;

use gantry_api::{GroupResource, Object, Rejection};

use crate::admission::{Admission, default_class, is_on};
use crate::call::Call;

/// The older way to name a class.
const NAMED: &str = "kubernetes.io/ingress.class";
const DEFAULT: &str = "ingressclass.kubernetes.io/is-default-class";

pub(super) struct DefaultIngressClass;

impl Admission for DefaultIngressClass {
    fn mutate(
        &self,
        call: &mut Call<'_>,
        object: &mut Object,
        old: Option<&Object>,
    ) -> Result<(), Rejection> {
        let is_named = object.at(&["spec", "ingressClassName"]).is_some()
            || object.annotations().contains_key(NAMED);
        if old.is_some() || is_named || !is_on(call, "networking.k8s.io", "ingresses") {
            return Ok(());
        }
        let classes = GroupResource::new("networking.k8s.io", "ingressclasses");
        if let Some(class) = default_class::name(call, &classes, &[DEFAULT]) {
            object.set(&["spec", "ingressClassName"], Value::from(class));
        }
        Ok(())
    }
}
