//! `ValidatingWebhookConfiguration`: webhooks that judge what is about to be written.

use gantry_api::field_error::FieldErrors;
use k8s_openapi::api::admissionregistration::v1::{
    MutatingWebhook, ValidatingWebhookConfiguration,
};

use super::{CATEGORIES, webhooks};
use crate::column::Column;
use crate::kind::Kind;
use crate::rules::Rules;

/// Webhooks that judge what is about to be written.
#[derive(Debug)]
pub struct ValidatingWebhookConfigurations;

impl Kind for ValidatingWebhookConfigurations {
    type Object = ValidatingWebhookConfiguration;

    const CATEGORIES: &'static [&'static str] = CATEGORIES;
    const COLUMNS: &'static [Column<ValidatingWebhookConfiguration>] = &[
        Column::NAME,
        Column::integer("Webhooks", "How many there are.", |all, _| {
            all.webhooks.as_ref().map_or(0, Vec::len).into()
        }),
        Column::AGE,
    ];
    const RULES: Rules = Rules::new().conditional().counting(&[&["webhooks"]]);

    fn default(all: &mut ValidatingWebhookConfiguration) {
        for hook in all.webhooks.iter_mut().flatten() {
            let mut general = webhooks::general(std::mem::take(hook));
            webhooks::default(&mut general);
            *hook = webhooks::judging(general);
        }
    }

    fn validate(
        all: &ValidatingWebhookConfiguration,
        _old: Option<&ValidatingWebhookConfiguration>,
        errors: &mut FieldErrors,
    ) {
        let hooks = all.webhooks.iter().flatten().cloned();
        let hooks: Vec<MutatingWebhook> = hooks.map(webhooks::general).collect();
        webhooks::validate(&hooks, errors);
    }
}
