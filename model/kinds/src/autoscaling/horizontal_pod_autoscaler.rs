//! `HorizontalPodAutoscaler`: as many pods as some measurements ask for.
//!
//! The second version is the stored one. The first knows nothing but the load of processors; it
//! carries the rest in annotations.

mod behavior;
mod columns;
mod convert;
mod defaults;
mod metrics;
mod rules;
#[cfg(test)]
mod tests;

use gantry_api::Object;
use gantry_api::field_error::FieldErrors;
use k8s_openapi::api::autoscaling::{v1, v2};

use crate::column::Column;
use crate::describe::tree;
use crate::kind::Kind;
use crate::rules::Rules;
use crate::subresource::Subresource;

const RULES: Rules = Rules::new().with_status();

/// As many pods as some measurements ask for.
#[derive(Debug)]
pub struct HorizontalPodAutoscalers;

impl Kind for HorizontalPodAutoscalers {
    type Object = v2::HorizontalPodAutoscaler;

    const SHORT: &'static [&'static str] = &["hpa"];
    const CATEGORIES: &'static [&'static str] = &["all"];
    const SUBRESOURCES: &'static [Subresource] = &[Subresource::Status];
    const COLUMNS: &'static [Column<v2::HorizontalPodAutoscaler>] =
        columns::Table::<v2::HorizontalPodAutoscaler>::COLUMNS;
    const RULES: Rules = RULES;
    const UNSERVED: Option<&'static str> = Some("scale by measurements");

    fn default(scaler: &mut v2::HorizontalPodAutoscaler) {
        defaults::fill_in(scaler);
    }

    fn prepare(
        scaler: &mut v2::HorizontalPodAutoscaler,
        old: Option<&v2::HorizontalPodAutoscaler>,
    ) {
        if old.is_none() {
            scaler.status = Some(v2::HorizontalPodAutoscalerStatus::default());
        }
    }

    fn validate(
        scaler: &v2::HorizontalPodAutoscaler,
        _old: Option<&v2::HorizontalPodAutoscaler>,
        errors: &mut FieldErrors,
    ) {
        rules::validate(scaler, errors);
    }

    fn validate_status(
        scaler: &v2::HorizontalPodAutoscaler,
        _old: &v2::HorizontalPodAutoscaler,
        errors: &mut FieldErrors,
    ) {
        rules::validate_status(scaler, errors);
    }
}

/// The same in the form of the first years, which knows nothing but the load of processors.
#[derive(Debug)]
pub struct CpuAutoscalers;

impl Kind for CpuAutoscalers {
    type Object = v1::HorizontalPodAutoscaler;

    const SHORT: &'static [&'static str] = &["hpa"];
    const CATEGORIES: &'static [&'static str] = &["all"];
    const SUBRESOURCES: &'static [Subresource] = &[Subresource::Status];
    const COLUMNS: &'static [Column<v1::HorizontalPodAutoscaler>] =
        columns::Table::<v1::HorizontalPodAutoscaler>::COLUMNS;
    const RULES: Rules = RULES;
    const UNSERVED: Option<&'static str> = Some("scale by measurements");

    fn default(scaler: &mut v1::HorizontalPodAutoscaler) {
        // What is left out is filled in in the other form.
        if let Some(mut second) = convert::second(scaler) {
            defaults::fill_in(&mut second);
            if let Some(first) = convert::first(&second) {
                *scaler = first;
            }
        }
    }

    fn prepare(
        scaler: &mut v1::HorizontalPodAutoscaler,
        old: Option<&v1::HorizontalPodAutoscaler>,
    ) {
        if old.is_none() {
            scaler.status = Some(v1::HorizontalPodAutoscalerStatus::default());
        }
        convert::keep_status(&mut scaler.metadata, old.map(|old| &old.metadata));
    }

    fn validate(
        scaler: &v1::HorizontalPodAutoscaler,
        _old: Option<&v1::HorizontalPodAutoscaler>,
        errors: &mut FieldErrors,
    ) {
        if let Some(second) = convert::second(scaler) {
            rules::validate(&second, errors);
        }
    }

    fn validate_status(
        scaler: &v1::HorizontalPodAutoscaler,
        _old: &v1::HorizontalPodAutoscaler,
        errors: &mut FieldErrors,
    ) {
        if let Some(second) = convert::second(scaler) {
            rules::validate_status(&second, errors);
        }
    }

    fn to_storage(object: Object) -> Object {
        let second = convert::to_second(object);
        let typed = convert::typed::<v2::HorizontalPodAutoscaler>(&second);
        let filled = typed.and_then(|mut typed| {
            defaults::fill_in(&mut typed);
            tree::<HorizontalPodAutoscalers>(&typed).ok()
        });
        filled.unwrap_or(second)
    }

    fn restore(object: Object) -> Object {
        convert::to_first(object)
    }
}
