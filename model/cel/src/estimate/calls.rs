//! What calls of functions cost at most, and how large their results are.

use crate::ast::Call;
use crate::types::Type;

use super::{Estimate, Extent, Found, tenth};

impl Estimate {
    pub(super) fn call(&mut self, call: &Call) -> Found {
        let parts: Vec<Found> = call
            .target
            .iter()
            .chain(&call.arguments)
            .map(|part| self.expression(part))
            .collect();
        let given = parts.iter().map(|(cost, _)| *cost);
        let given = given.fold(0, u64::saturating_add);
        let extents: Vec<Extent> = parts.into_iter().map(|(_, extent)| extent).collect();
        let gives = gives(call, &extents);
        (given.saturating_add(own_cost(&call.name, &extents)), gives)
    }
}

/// What the work of a function costs.
fn own_cost(name: &str, given: &[Extent]) -> u64 {
    let size = |place: usize| given.get(place).map_or(1, Extent::most);
    match name {
        "startsWith" | "endsWith" => tenth(size(1)),
        "contains" => tenth(size(0)).saturating_mul(tenth(size(1)).max(1)),
        "matches" | "find" | "findAll" => {
            let text = tenth(size(0).saturating_add(1));
            text.saturating_mul(size(1).div_ceil(4).max(1))
        }
        "isSorted" | "sum" | "max" | "min" | "indexOf" | "lastIndexOf" | "distinct" | "sort" => {
            match given.first() {
                Some(list) if !list.is_text() => {
                    let of = list.part();
                    let each = if of.is_text() { tenth(of.most()) } else { 0 };
                    list.most().saturating_mul(each.saturating_add(1))
                }
                Some(_) | None => tenth(size(0)),
            }
        }
        "lowerAscii" | "upperAscii" | "substring" | "trim" | "replace" | "split" | "reverse"
        | "strings.quote" | "url" | "isURL" | "quantity" | "isQuantity" | "ip" | "isIP"
        | "cidr" | "isCIDR" | "semver" | "isSemver" | "string" | "bytes" | "duration"
        | "timestamp" => tenth(size(0)),
        "validate" => tenth(size(1)),
        "join" => tenth(joined(given)),
        "sets.contains" | "sets.intersects" => size(0).saturating_mul(size(1)),
        "sets.equivalent" => size(0).saturating_mul(size(1)).saturating_mul(2),
        "flatten" | "slice" | "lists.range" => size(0),
        _ => 1,
    }
}

/// How large what a function gives can be.
fn gives(call: &Call, given: &[Extent]) -> Extent {
    let size = |place: usize| given.get(place).map_or(1, Extent::most);
    let first = || given.first().cloned().unwrap_or(Extent::UNKNOWN);
    match call.name.as_str() {
        "lowerAscii" | "upperAscii" | "substring" | "trim" | "find" => Extent::text(size(0)),
        "string" | "bytes" if given.first().is_some_and(Extent::is_text) => Extent::text(size(0)),
        "string" => Extent::text(NUMBER_BYTES),
        "replace" => {
            let times = size(0).saturating_add(1);
            Extent::text(size(0).saturating_add(times.saturating_mul(size(2))))
        }
        "split" | "findAll" => {
            let of = Extent::text(size(0));
            Extent::list(size(0).saturating_add(1), of)
        }
        "join" => Extent::text(joined(given)),
        "reverse"
        | "sort"
        | "distinct"
        | "slice"
        | "dyn"
        | "optional.of"
        | "optional.ofNonZeroValue"
        | "or"
        | "value" => first(),
        "orValue" => given.get(1).map_or_else(first, |other| first().or(other)),
        "min" | "max" => first().part(),
        _ => of_type(call, given.len()),
    }
}

/// The longest notation of a number, a moment or a span.
const NUMBER_BYTES: u64 = 64;

/// What is known of a result when only its type is.
fn of_type(call: &Call, given: usize) -> Extent {
    let signatures = call.function.iter().flat_map(|own| &own.signatures);
    let mut fitting = signatures.filter(|own| own.takes.len() == given);
    let is_small = |of: &Type| {
        matches!(
            of,
            Type::Null
                | Type::Bool
                | Type::Int
                | Type::Uint
                | Type::Double
                | Type::Time
                | Type::Span
                | Type::Type
                | Type::Opaque(_)
        )
    };
    if fitting.all(|own| is_small(&own.gives)) {
        return Extent::SCALAR;
    }
    Extent::UNKNOWN
}

/// The bytes of texts that are put together, with what is put between them.
fn joined(given: &[Extent]) -> u64 {
    let list = given.first().cloned().unwrap_or(Extent::UNKNOWN);
    let between = given.get(1).map_or(0, Extent::most);
    let each = list.part().most().saturating_add(between);
    list.most().saturating_mul(each)
}
