//! `DeviceClass`: devices of a sort, and how they are set up.

use gantry_api::field_error::FieldErrors;
use gantry_base::{FieldPath, name};
use k8s_openapi::api::resource::v1::DeviceClass;

use super::claim;
use crate::column::Column;
use crate::kind::Kind;
use crate::parts::check;
use crate::rules::Rules;

const CONFIG_MAX: usize = 32;

/// Devices of a sort.
#[derive(Debug)]
pub struct DeviceClasses;

impl Kind for DeviceClasses {
    type Object = DeviceClass;

    const COLUMNS: &'static [Column<DeviceClass>] = &[Column::NAME, Column::AGE];
    const RULES: Rules = Rules::new().counting(&[&["spec"]]);
    const OPAQUE: &'static [&'static str] = &["spec.config.opaque.parameters"];
    const UNSERVED: Option<&'static str> = Some("allocate devices");

    fn validate(class: &DeviceClass, _old: Option<&DeviceClass>, errors: &mut FieldErrors) {
        let path = FieldPath::new("spec");
        let spec = &class.spec;
        let selectors = spec.selectors.as_deref().unwrap_or(&[]);
        claim::selectors(selectors, &path.field("selectors"), errors);
        let config = spec.config.as_deref().unwrap_or(&[]);
        let at = path.field("config");
        check::at_most(config.len(), CONFIG_MAX, &at, errors);
        for (index, own) in config.iter().enumerate() {
            let at = at.index(index).field("opaque");
            claim::opaque(own.opaque.as_ref(), &at, errors);
        }
        if let Some(resource) = spec.extended_resource_name.as_ref()
            && !is_extended(resource)
        {
            let at = path.field("extendedResourceName");
            errors.invalid(&at, resource, "must be a valid extended resource name");
        }
    }
}

/// Whether a resource is one that neither the project nor quotas have taken.
fn is_extended(resource: &str) -> bool {
    let domain = resource.split_once('/').map_or("", |(domain, _)| domain);
    let is_own = domain == "kubernetes.io" || domain.ends_with(".kubernetes.io");
    !domain.is_empty()
        && !is_own
        && !resource.starts_with("requests.")
        && name::qualified(&format!("requests.{resource}")).is_empty()
}
