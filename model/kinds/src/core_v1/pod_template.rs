//! `PodTemplate`: a template on its own, for whoever wants to make pods from it.

use gantry_api::field_error::FieldErrors;
use k8s_openapi::api::core::v1::{PodTemplate, PodTemplateSpec};
use serde_json::Value;

use crate::column::Column;
use crate::kind::Kind;
use crate::parts::{cell, pod_template};
use crate::rules::Rules;

/// A template on its own, for whoever wants to make pods from it.
#[derive(Debug)]
pub struct PodTemplates;

impl Kind for PodTemplates {
    type Object = PodTemplate;

    const COLUMNS: &'static [Column<PodTemplate>] = &[
        Column::NAME,
        Column::text("Containers", "The names of its containers.", |object, _| {
            template(object, pod_template::container_names)
        }),
        Column::text("Images", "The images of its containers.", |object, _| {
            template(object, pod_template::images)
        }),
        Column::text("Pod Labels", "The labels of its pods.", |object, _| {
            labels(object)
        }),
    ];
    const RULES: Rules = Rules::new().counting(&[&["template"]]);

    fn default(object: &mut PodTemplate) {
        if let Some(template) = &mut object.template {
            pod_template::default(template);
        }
    }

    fn validate(object: &PodTemplate, _old: Option<&PodTemplate>, errors: &mut FieldErrors) {
        let none = PodTemplateSpec::default();
        let template = object.template.as_ref().unwrap_or(&none);
        pod_template::validate(template, &"template".into(), errors);
    }
}

fn template(object: &PodTemplate, text: fn(&PodTemplateSpec) -> String) -> Value {
    object
        .template
        .as_ref()
        .map(text)
        .unwrap_or_default()
        .into()
}

fn labels(object: &PodTemplate) -> Value {
    cell::labels(object.template.iter().flat_map(pod_template::labels))
}
