//! `Ingress`: which service answers for which host and path.

mod columns;
mod rules;
#[cfg(test)]
mod tests;

use gantry_api::field_error::FieldErrors;
use gantry_api::views::Meta;
use gantry_base::FieldPath;
use k8s_openapi::api::networking::v1::{Ingress, IngressSpec, IngressStatus};

use crate::column::Column;
use crate::kind::Kind;
use crate::rules::Rules;
use crate::subresource::Subresource;

/// The older way to name a class.
const CLASS: &str = "kubernetes.io/ingress.class";

/// Which service answers for which host and path.
#[derive(Debug)]
pub struct Ingresses;

impl Kind for Ingresses {
    type Object = Ingress;

    const SHORT: &'static [&'static str] = &["ing"];
    const SUBRESOURCES: &'static [Subresource] = &[Subresource::Status];
    const COLUMNS: &'static [Column<Ingress>] = columns::COLUMNS;
    const RULES: Rules = Rules::new().with_status().counting(&[&["spec"]]);
    const UNSERVED: Option<&'static str> = Some("route requests from outside to Services");

    fn default(ingress: &mut Ingress) {
        ingress.spec.get_or_insert_default();
        let status = ingress.status.get_or_insert_default();
        status.load_balancer.get_or_insert_default();
    }

    fn prepare(ingress: &mut Ingress, old: Option<&Ingress>) {
        if old.is_none() {
            ingress.status = Some(IngressStatus {
                load_balancer: Some(Default::default()),
            });
        }
    }

    fn validate(ingress: &Ingress, old: Option<&Ingress>, errors: &mut FieldErrors) {
        let none = IngressSpec::default();
        rules::validate(ingress.spec.as_ref().unwrap_or(&none), errors);
        if old.is_none() {
            one_class(ingress, errors);
        }
    }

    fn validate_status(ingress: &Ingress, _old: &Ingress, errors: &mut FieldErrors) {
        if let Some(status) = &ingress.status {
            rules::validate_status(status, errors);
        }
    }

    fn warnings(ingress: &Ingress, old: Option<&Ingress>) -> Vec<String> {
        let is_told = old.is_none() && class(ingress).is_none();
        if is_told && ingress.annotations().contains_key(CLASS) {
            let told = "is deprecated, please use 'spec.ingressClassName' instead";
            return vec![format!("annotation {CLASS:?} {told}")];
        }
        Vec::new()
    }
}

fn class(ingress: &Ingress) -> Option<&str> {
    ingress.spec.as_ref()?.ingress_class_name.as_deref()
}

/// Both ways to name a class must name the same one.
fn one_class(ingress: &Ingress, errors: &mut FieldErrors) {
    let annotations = ingress.annotations();
    if let (Some(named), Some(class)) = (annotations.get(CLASS), class(ingress))
        && named != class
    {
        let path = FieldPath::new("annotations").field(CLASS);
        let detail = "must match `ingressClassName` when both are specified";
        errors.invalid(&path, named, detail);
    }
}
