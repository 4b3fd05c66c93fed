//! `ResourceQuota`: how much the objects of a namespace may take together.

mod rules;
#[cfg(test)]
mod tests;

use gantry_api::field_error::FieldErrors;
use k8s_openapi::api::core::v1::{ResourceQuota, ResourceQuotaStatus};

use crate::column::Column;
use crate::cost::Counted;
use crate::kind::Kind;
use crate::parts::resources::{self, Amounts};
use crate::rules::Rules;
use crate::subresource::Subresource;

/// Resources of this name prefix have a column of their own.
const LIMITS: &str = "limits";

/// How much the objects of a namespace may take together.
#[derive(Debug)]
pub struct ResourceQuotas;

impl Kind for ResourceQuotas {
    type Object = ResourceQuota;

    const SHORT: &'static [&'static str] = &["quota"];
    const SUBRESOURCES: &'static [Subresource] = &[Subresource::Status];
    const COLUMNS: &'static [Column<ResourceQuota>] = &[
        Column::NAME,
        Column::text("Request", "What is used of what there is.", |quota, _| {
            shown(quota, false).into()
        }),
        Column::text("Limit", "The same of limits.", |quota, _| {
            shown(quota, true).into()
        }),
        Column::AGE,
    ];
    const RULES: Rules = Rules::new().with_status().counted(Counted::ByPlural);

    fn default(quota: &mut ResourceQuota) {
        let spec = quota.spec.get_or_insert_default();
        resources::canonical_amounts(&mut spec.hard);
        let status = quota.status.get_or_insert_default();
        resources::canonical_amounts(&mut status.hard);
        resources::canonical_amounts(&mut status.used);
    }

    fn prepare(quota: &mut ResourceQuota, old: Option<&ResourceQuota>) {
        if old.is_none() {
            quota.status = Some(ResourceQuotaStatus::default());
        }
    }

    fn validate(quota: &ResourceQuota, old: Option<&ResourceQuota>, errors: &mut FieldErrors) {
        rules::validate(quota, old, errors);
    }

    fn validate_status(quota: &ResourceQuota, _old: &ResourceQuota, errors: &mut FieldErrors) {
        rules::validate_status(quota, errors);
    }
}

fn shown(quota: &ResourceQuota, limits: bool) -> String {
    let none = Amounts::new();
    let status = quota.status.as_ref();
    let hard = status
        .and_then(|status| status.hard.as_ref())
        .unwrap_or(&none);
    let used = status
        .and_then(|status| status.used.as_ref())
        .unwrap_or(&none);
    let ours = hard
        .iter()
        .filter(|(resource, _)| resource.starts_with(LIMITS) == limits);
    let texts: Vec<String> = ours
        .map(|(resource, hard)| {
            let used = used.get(resource).map_or("0", |used| used.0.as_str());
            format!("{resource}: {used}/{}", hard.0)
        })
        .collect();
    texts.join(", ")
}
