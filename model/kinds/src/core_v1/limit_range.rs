//! `LimitRange`: what each pod, container or claim of a namespace may ask for, and what those get
//! that do not ask.

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use gantry_api::field_error::FieldErrors;
use gantry_base::{FieldPath, Quantity, name};
use k8s_openapi::api::core::v1::{LimitRange, LimitRangeItem};

use crate::column::Column;
use crate::kind::Kind;
use crate::parts::resources::{self, Amounts, amount};
use crate::rules::Rules;

const CONTAINER: &str = "Container";
const POD: &str = "Pod";
const CLAIM: &str = "PersistentVolumeClaim";

/// What each object of a namespace may ask for.
#[derive(Debug)]
pub struct LimitRanges;

impl Kind for LimitRanges {
    type Object = LimitRange;

    const SHORT: &'static [&'static str] = &["limits"];
    const COLUMNS: &'static [Column<LimitRange>] = Column::NAME_AND_CREATED_AT;
    const RULES: Rules = Rules::new().created_by_update();

    fn default(range: &mut LimitRange) {
        let spec = range.spec.get_or_insert_default();
        for item in &mut spec.limits {
            for amounts in [
                &mut item.max,
                &mut item.min,
                &mut item.default,
                &mut item.default_request,
                &mut item.max_limit_request_ratio,
            ] {
                resources::canonical_amounts(amounts);
            }
            if item.type_ == CONTAINER {
                fill(item);
            }
        }
    }

    fn validate(range: &LimitRange, _old: Option<&LimitRange>, errors: &mut FieldErrors) {
        let path = FieldPath::new("spec").field("limits");
        let mut types = BTreeSet::new();
        let items = range.spec.iter().flat_map(|spec| &spec.limits);
        for (index, item) in items.enumerate() {
            let path = path.index(index);
            item_type(&item.type_, &path.field("type"), errors);
            if !types.insert(item.type_.as_str()) {
                errors.duplicate(&path.field("type"), &item.type_);
            }
            validate_item(item, &path, errors);
        }
    }
}

/// A container that does not say its limit has the most; one that does not say what it asks for
/// asks for its limit, or else for the least.
fn fill(item: &mut LimitRangeItem) {
    let limits = item.default.get_or_insert_default();
    complete(limits, item.max.as_ref());
    let requests = item.default_request.get_or_insert_default();
    complete(requests, item.default.as_ref());
    complete(requests, item.min.as_ref());
    for amounts in [&mut item.default, &mut item.default_request] {
        *amounts = amounts.take().filter(|amounts| !amounts.is_empty());
    }
}

fn complete(amounts: &mut Amounts, from: Option<&Amounts>) {
    for (resource, amount) in from.into_iter().flatten() {
        amounts
            .entry(resource.clone())
            .or_insert_with(|| amount.clone());
    }
}

fn item_type(item: &str, path: &FieldPath, errors: &mut FieldErrors) {
    let wrong = name::qualified(item);
    if !wrong.is_empty() {
        errors.named(path, item, name::qualified);
    } else if !item.contains('/') && ![CONTAINER, CLAIM, POD].contains(&item) {
        errors.invalid(
            path,
            item,
            "must be a standard limit type or fully qualified",
        );
    }
}

fn validate_item(item: &LimitRangeItem, path: &FieldPath, errors: &mut FieldErrors) {
    names(item, item.max.as_ref(), &path.field("max"), errors);
    names(item, item.min.as_ref(), &path.field("min"), errors);
    for (field, amounts) in [
        ("default", &item.default),
        ("defaultRequest", &item.default_request),
    ] {
        let at = path.field(field);
        if item.type_ != POD {
            names(item, amounts.as_ref(), &at, errors);
        } else if amounts.as_ref().is_some_and(|amounts| !amounts.is_empty()) {
            errors.forbidden(&at, "may not be specified when `type` is 'Pod'");
        }
    }
    let bounds = [&item.min, &item.max];
    let bounded = bounds
        .iter()
        .any(|side| amount_in(side, "storage").is_some());
    if item.type_ == CLAIM && !bounded {
        let detail =
            "either minimum or maximum storage value is required, but neither was provided";
        errors.required(&path.field("limits"), detail);
    }
    let at = path.field("maxLimitRequestRatio");
    names(item, item.max_limit_request_ratio.as_ref(), &at, errors);
    for resource in resources_of(item) {
        order(item, resource, path, errors);
        ratio(item, resource, &at.key(resource), errors);
    }
}

fn names(
    item: &LimitRangeItem,
    amounts: Option<&Amounts>,
    path: &FieldPath,
    errors: &mut FieldErrors,
) {
    for resource in amounts.into_iter().flat_map(|amounts| amounts.keys()) {
        let path = path.key(resource);
        if [POD, CONTAINER].contains(&item.type_.as_str()) {
            resources::container_resource(resource, &path, errors);
        } else {
            errors.named(&path, resource, name::qualified);
        }
    }
}

fn resources_of(item: &LimitRangeItem) -> BTreeSet<&str> {
    let maps = [
        &item.max,
        &item.min,
        &item.default,
        &item.default_request,
        &item.max_limit_request_ratio,
    ];
    let names = maps.into_iter().flatten().flat_map(|map| map.keys());
    names.map(String::as_str).collect()
}

fn amount_in(amounts: &Option<Amounts>, resource: &str) -> Option<Quantity> {
    amount(amounts.as_ref()?.get(resource)?)
}

/// The least, the defaults and the most come in this order.
fn order(item: &LimitRangeItem, resource: &str, path: &FieldPath, errors: &mut FieldErrors) {
    let own = |amounts| {
        let amounts = Some(amounts).filter(|_| item.type_ != POD)?;
        amount_in(amounts, resource)
    };
    let min = amount_in(&item.min, resource);
    let max = amount_in(&item.max, resource);
    let (request, limit) = (own(&item.default_request), own(&item.default));
    let mut check = |(low, low_name), (high, high_name), (field, shown): (&str, _)| {
        if let (Some(low), Some(high), Some(shown)) = (low, high, shown)
            && Quantity::gt(&low, &high)
        {
            let at = path.field(field).key(resource);
            let detail = format!("{low_name} {low} is greater than {high_name} {high}");
            errors.invalid(&at, Quantity::to_string(&shown), detail);
        }
    };
    let least = (min, "min value");
    let most = (max, "max value");
    let asked = (request, "default request value");
    check(least, most, ("min", min));
    check(least, asked, ("defaultRequest", request));
    check(asked, most, ("defaultRequest", request));
    let capped = (limit, "default limit value");
    check(asked, capped, ("defaultRequest", request));
    let capped = (limit, "default value");
    check(least, capped, ("default", min));
    check(capped, most, ("default", max));
    if let (Some(request), Some(limit)) = (request, limit)
        && resources::is_whole(resource)
        && request != limit
    {
        let detail = format!(
            "default value {limit} must equal to defaultRequest value {request} in {resource}"
        );
        let at = path.field("defaultRequest").key(resource);
        errors.invalid(&at, request.to_string(), detail);
    }
}

fn ratio(item: &LimitRangeItem, resource: &str, path: &FieldPath, errors: &mut FieldErrors) {
    let Some(ratio) = amount_in(&item.max_limit_request_ratio, resource) else {
        return;
    };
    if ratio < Quantity::units(1) {
        errors.invalid(
            path,
            ratio.to_string(),
            format!("ratio {ratio} is less than 1"),
        );
    }
    let bounds = (
        amount_in(&item.min, resource),
        amount_in(&item.max, resource),
    );
    let (Some(min), Some(max)) = bounds else {
        return;
    };
    let [ratio_millis, min, max] = [ratio, min, max].map(|amount| i128::from(amount.milli_value()));
    if min > 0 && ratio_millis * min > max * 1000 {
        // Six places after the point, as clients know it.
        let millionths = max * 1_000_000 / min;
        let detail = format!(
            "ratio {ratio} is greater than max/min = {}.{:06}",
            millionths / 1_000_000,
            millionths % 1_000_000
        );
        errors.invalid(path, ratio.to_string(), detail);
    }
}
