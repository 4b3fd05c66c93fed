//! `MutatingWebhookConfiguration`: webhooks that may change what is about to be written.

use gantry_api::field_error::FieldErrors;
use k8s_openapi::api::admissionregistration::v1::MutatingWebhookConfiguration;

use super::{CATEGORIES, webhooks};
use crate::column::Column;
use crate::kind::Kind;
use crate::parts::container_default::fill;
use crate::rules::Rules;

/// Webhooks that may change what is about to be written.
#[derive(Debug)]
pub struct MutatingWebhookConfigurations;

impl Kind for MutatingWebhookConfigurations {
    type Object = MutatingWebhookConfiguration;

    const CATEGORIES: &'static [&'static str] = CATEGORIES;
    const COLUMNS: &'static [Column<MutatingWebhookConfiguration>] = &[
        Column::NAME,
        Column::integer("Webhooks", "How many there are.", |all, _| {
            all.webhooks.as_ref().map_or(0, Vec::len).into()
        }),
        Column::AGE,
    ];
    const RULES: Rules = Rules::new().conditional().counting(&[&["webhooks"]]);

    fn default(all: &mut MutatingWebhookConfiguration) {
        for hook in all.webhooks.iter_mut().flatten() {
            webhooks::default(hook);
            fill(&mut hook.reinvocation_policy, "Never");
        }
    }

    fn validate(
        all: &MutatingWebhookConfiguration,
        _old: Option<&MutatingWebhookConfiguration>,
        errors: &mut FieldErrors,
    ) {
        webhooks::validate(all.webhooks.as_deref().unwrap_or(&[]), errors);
    }
}
