//! `ServiceCIDR`: a range that addresses of services are taken from.

use gantry_api::field_error::FieldErrors;
use gantry_base::FieldPath;
use k8s_openapi::api::networking::v1::ServiceCIDR;
use serde_json::Value;

use crate::column::Column;
use crate::kind::Kind;
use crate::parts::{cell, check};
use crate::rules::Rules;
use crate::subresource::Subresource;

/// One range per family of addresses.
const RANGES_MAX: usize = 2;

/// A range that addresses of services are taken from.
#[derive(Debug)]
pub struct ServiceCIDRs;

impl Kind for ServiceCIDRs {
    type Object = ServiceCIDR;

    const SUBRESOURCES: &'static [Subresource] = &[Subresource::Status];
    const COLUMNS: &'static [Column<ServiceCIDR>] = &[
        Column::NAME,
        Column::text("CIDRs", "The ranges.", |range, _| shown(range)),
        Column::AGE,
    ];
    const RULES: Rules = Rules::new().with_status();

    fn validate(range: &ServiceCIDR, old: Option<&ServiceCIDR>, errors: &mut FieldErrors) {
        let path = FieldPath::new("spec").field("cidrs");
        let list = ranges(range);
        if list.is_empty() {
            errors.required(&path, "at least one CIDR required");
        } else if list.len() > RANGES_MAX {
            errors.invalid(&path, list, "may only hold up to 2 values");
        }
        for (index, range) in list.iter().enumerate() {
            check::cidr(range, &path.index(index), errors);
        }
        if let Some(old) = old {
            errors.require_same(&path, &list, &ranges(old));
        }
    }
}

fn ranges(range: &ServiceCIDR) -> &[String] {
    range
        .spec
        .as_ref()
        .and_then(|spec| spec.cidrs.as_deref())
        .unwrap_or(&[])
}

fn shown(range: &ServiceCIDR) -> Value {
    cell::list(ranges(range).iter().map(String::as_str))
}
