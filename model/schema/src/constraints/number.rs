//! What is asked of numbers: bounds, steps, and how many bits they may take.
//!
//! Whole numbers are compared exactly; only numbers with fractions, and bounds with fractions, are
//! compared as such.

use gantry_api::FieldError;
use gantry_api::field_error::Fault;
use gantry_base::FieldPath;
use serde_json::{Number, Value};

use super::check::Walk;
use crate::trail::Trail;

/// What is asked of a number.
#[derive(Clone, Debug, Default)]
pub(super) struct Numbers {
    /// What every value must be; its type and, where it has one, its format.
    range: Option<(&'static str, Option<&'static str>)>,
    least: Option<Bound>,
    most: Option<Bound>,
    multiple_of: Option<Number>,
}

#[derive(Clone, Debug)]
struct Bound {
    number: Number,
    is_excluded: bool,
}

impl Numbers {
    pub(super) fn read(definition: &Value, types: &[&str]) -> Self {
        let bound = |name: &str, excluded: &str| {
            Some(Bound {
                number: definition[name].as_number()?.clone(),
                is_excluded: definition[excluded] == true,
            })
        };
        let format = match definition["format"].as_str() {
            Some("int32") => Some("int32"),
            Some("int64") => Some("int64"),
            _ => None,
        };
        Self {
            range: (*types == ["integer"]).then_some(("integer", format)),
            least: bound("minimum", "exclusiveMinimum"),
            most: bound("maximum", "exclusiveMaximum"),
            multiple_of: definition["multipleOf"].as_number().cloned(),
        }
    }

    pub(super) fn check(&self, number: &Number, walk: &mut Walk<'_>, at: &Trail<'_>) {
        if let Some((name, format)) = self.range.filter(|range| !fits(number, range.1)) {
            let format = format.map_or_else(
                || "(default format)".into(),
                |own| format!("with format {own}"),
            );
            walk.push(FieldError {
                fault: Fault::Invalid,
                path: FieldPath::new("<nil>"),
                value: "".into(),
                detail: format!(
                    "Checked value must be of type {name} {format} in {}",
                    at.path().as_str()
                ),
            });
        }
        if let Some(step) = self
            .multiple_of
            .as_ref()
            .filter(|own| !is_multiple(number, own))
        {
            let told = format!("should be a multiple of {}", shown(step));
            walk.wrong(Fault::Invalid, at, number.clone().into(), &told);
        }
        if let Some(most) = self.most.as_ref().filter(|own| !own.is_above(number)) {
            let word = if most.is_excluded { "" } else { " or equal to" };
            let word = format!("should be less than{word} {}", shown(&most.number));
            walk.wrong(Fault::Invalid, at, number.clone().into(), &word);
        }
        if let Some(least) = self.least.as_ref().filter(|own| !own.is_below(number)) {
            let word = if least.is_excluded {
                ""
            } else {
                " or equal to"
            };
            let word = format!("should be greater than{word} {}", shown(&least.number));
            walk.wrong(Fault::Invalid, at, number.clone().into(), &word);
        }
        walk.right += 2;
    }
}

impl Bound {
    fn is_above(&self, number: &Number) -> bool {
        is_less(number, &self.number, self.is_excluded)
    }

    fn is_below(&self, number: &Number) -> bool {
        is_less(&self.number, number, self.is_excluded)
    }
}

/// A number as messages show it: whole ones without a fraction.
fn shown(number: &Number) -> String {
    whole(number).map_or_else(|| number.to_string(), |whole| whole.to_string())
}

/// The number, if it has no fraction and takes no more than 64 bits.
fn whole(number: &Number) -> Option<i64> {
    let text = number.to_string();
    number
        .as_i64()
        .or_else(|| text.strip_suffix(".0")?.parse().ok())
}

fn fits(number: &Number, format: Option<&str>) -> bool {
    let whole = whole(number);
    match format {
        Some("int32") => whole.is_some_and(|whole| i32::try_from(whole).is_ok()),
        _ => whole.is_some(),
    }
}

fn is_less(left: &Number, right: &Number, strictly: bool) -> bool {
    let order = match (whole(left), whole(right)) {
        (Some(left), Some(right)) => Some(left.cmp(&right)),
        _ => left.as_f64().partial_cmp(&right.as_f64()),
    };
    order.is_some_and(|order| order.is_lt() || (!strictly && order.is_eq()))
}

fn is_multiple(number: &Number, step: &Number) -> bool {
    if let (Some(number), Some(step)) = (whole(number), whole(step)) {
        return step != 0 && number % step == 0;
    }
    let (Some(number), Some(step)) = (number.as_f64(), step.as_f64()) else {
        return false;
    };
    let times = if step < 1.0 {
        1.0 / step * number
    } else {
        number / step
    };
    times.fract() == 0.0
}
