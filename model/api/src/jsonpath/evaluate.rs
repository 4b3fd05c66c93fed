//! Walking a tree along steps. What is not there is not found; nothing fails.

use std::cmp::Ordering;

use gantry_base::Quantity;
use serde_json::Value;

use super::{Comparison, Operand, Part, Step, shown};

/// Fills in `parts` from `here`.
pub(super) fn render(parts: &[Part], root: &Value, here: &Value, text: &mut String) {
    for part in parts {
        match part {
            Part::Text(literal) => text.push_str(literal),
            Part::Path(steps) => {
                let found: Vec<String> = walk(steps, root, here).into_iter().map(shown).collect();
                text.push_str(&found.join(" "));
            }
            Part::Range(steps, inner) => {
                for item in walk(steps, root, here) {
                    render(inner, root, item, text);
                }
            }
        }
    }
}

/// Everything that `steps` lead to from `here`.
pub(super) fn walk<'v>(steps: &[Step], root: &'v Value, here: &'v Value) -> Vec<&'v Value> {
    let mut places = vec![here];
    for step in steps {
        places = places
            .into_iter()
            .flat_map(|place| take(step, root, place))
            .collect();
    }
    places
}

fn take<'v>(step: &Step, root: &'v Value, here: &'v Value) -> Vec<&'v Value> {
    match step {
        Step::Root => vec![root],
        Step::Field(name) => here.get(name).into_iter().collect(),
        Step::All => children(here),
        Step::Union(steps) => steps
            .iter()
            .flat_map(|step| take(step, root, here))
            .collect(),
        Step::Index(index) => {
            let items = here.as_array().map_or(&[][..], Vec::as_slice);
            let place = usize::try_from(from_end(*index, items.len())).ok();
            place
                .and_then(|place| items.get(place))
                .into_iter()
                .collect()
        }
        Step::Slice(from, to, step) => slice(here, *from, *to, *step),
        Step::Descend => {
            let mut all = Vec::new();
            descend(here, &mut all);
            all
        }
        Step::Filter(left, right) => {
            let items = children(here).into_iter();
            items
                .filter(|item| holds(left, right.as_ref(), root, item))
                .collect()
        }
    }
}

fn children(here: &Value) -> Vec<&Value> {
    let items = here.as_array().into_iter().flatten();
    let fields = here.as_object().into_iter().flat_map(|map| map.values());
    items.chain(fields).collect()
}

fn descend<'v>(here: &'v Value, all: &mut Vec<&'v Value>) {
    all.push(here);
    for child in children(here) {
        descend(child, all);
    }
}

fn from_end(index: i64, length: usize) -> i64 {
    let length = i64::try_from(length).unwrap_or(i64::MAX);
    if index < 0 {
        length.saturating_add(index)
    } else {
        index
    }
}

fn slice(here: &Value, from: Option<i64>, to: Option<i64>, step: i64) -> Vec<&Value> {
    let items = here.as_array().map_or(&[][..], Vec::as_slice);
    let place = |index: i64| {
        let index = from_end(index, items.len()).max(0);
        usize::try_from(index)
            .unwrap_or(usize::MAX)
            .min(items.len())
    };
    let start = place(from.unwrap_or(0));
    let end = to.map_or(items.len(), place).max(start);
    let step = usize::try_from(step).unwrap_or(1).max(1);
    items[start..end].iter().step_by(step).collect()
}

fn holds(
    left: &Operand,
    right: Option<&(Comparison, Operand)>,
    root: &Value,
    item: &Value,
) -> bool {
    let value = |operand: &Operand| match operand {
        Operand::Path(steps) => walk(steps, root, item)
            .first()
            .map(|value| (*value).clone()),
        Operand::Literal(value) => Some(value.clone()),
    };
    let Some(left) = value(left) else {
        return false;
    };
    let Some((comparison, right)) = right else {
        return true;
    };
    let Some(right) = value(right) else {
        return false;
    };
    let order = order(&left, &right);
    match comparison {
        Comparison::Equal => order.is_eq(),
        Comparison::NotEqual => order.is_ne(),
        Comparison::Less => order.is_lt(),
        Comparison::LessOrEqual => order.is_le(),
        Comparison::Greater => order.is_gt(),
        Comparison::GreaterOrEqual => order.is_ge(),
    }
}

/// The order of two values: numbers and quantities by amount, the rest as text.
pub(super) fn order(left: &Value, right: &Value) -> Ordering {
    if let (Some(left), Some(right)) = (left.as_f64(), right.as_f64()) {
        return left.total_cmp(&right);
    }
    let (left, right) = (shown(left), shown(right));
    match (left.parse::<Quantity>(), right.parse::<Quantity>()) {
        (Ok(left), Ok(right)) => left.cmp(&right),
        _ => left.cmp(&right),
    }
}
