//! `ResourceClaimTemplate`: what claims are made from, one for each pod.

use gantry_api::field_error::FieldErrors;
use gantry_base::FieldPath;
use k8s_openapi::api::resource::v1::ResourceClaimTemplate;

use super::claim;
use crate::column::Column;
use crate::kind::Kind;
use crate::parts::meta;
use crate::rules::Rules;

/// What claims are made from.
#[derive(Debug)]
pub struct ResourceClaimTemplates;

impl Kind for ResourceClaimTemplates {
    type Object = ResourceClaimTemplate;

    const COLUMNS: &'static [Column<ResourceClaimTemplate>] = &[Column::NAME, Column::AGE];
    const RULES: Rules = Rules::new();
    const OPAQUE: &'static [&'static str] = &["spec.spec.devices.config.opaque.parameters"];
    const UNSERVED: Option<&'static str> = Some("allocate devices");

    fn default(template: &mut ResourceClaimTemplate) {
        if let Some(devices) = &mut template.spec.spec.devices {
            claim::default(devices);
        }
    }

    fn validate(
        template: &ResourceClaimTemplate,
        old: Option<&ResourceClaimTemplate>,
        errors: &mut FieldErrors,
    ) {
        let path = FieldPath::new("spec");
        if let Some(old) = old {
            errors.require_same(&path, &template.spec, &old.spec);
            return;
        }
        let labels = template
            .spec
            .metadata
            .as_ref()
            .and_then(|own| own.labels.as_ref());
        if let Some(labels) = labels {
            meta::labels(labels, &path.field("metadata").field("labels"), errors);
        }
        if let Some(devices) = &template.spec.spec.devices {
            claim::validate(devices, &path.field("spec").field("devices"), errors);
        }
    }
}
