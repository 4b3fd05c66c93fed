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
        match old.map(ranges) {
            None => validate_ranges(list, &path, errors),
            // A second family may be added later; nothing else changes.
            Some(old) if old.len() == 1 && list.len() == 2 => {
                same_ranges(list, old, &path, errors);
                validate_ranges(list, &path, errors);
            }
            Some(old) if old.len() == list.len() => same_ranges(list, old, &path, errors),
            Some(old) => errors.require_same(&path, &list, &old),
        }
    }
}

fn validate_ranges(list: &[String], path: &FieldPath, errors: &mut FieldErrors) {
    match list.len() {
        0 => errors.required(path, "at least one CIDR required"),
        1..=RANGES_MAX => {
            let mut families = Vec::new();
            for (index, range) in list.iter().enumerate() {
                let range = check::canonical_cidr(range, &path.index(index), errors);
                families.extend(range.map(|range| range.address.is_ipv4()));
            }
            if let [first, second] = families.as_slice()
                && first == second
            {
                let detail = "may specify no more than one IP for each IP family, i.e \
                              192.168.0.0/24 and 2001:db8::/64";
                errors.invalid(path, list, detail);
            }
        }
        _ => errors.invalid(path, list, "may only hold up to 2 values"),
    }
}

fn same_ranges(new: &[String], old: &[String], path: &FieldPath, errors: &mut FieldErrors) {
    for (index, (new, old)) in new.iter().zip(old).enumerate() {
        errors.require_same(&path.index(index), new, old);
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
