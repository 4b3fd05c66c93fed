//! Metrics in the two versions: the same values in other places, so a table says where they lie.

use serde_json::{Map, Value};

/// A name in the first version, and where the second has it.
type Pair = (&'static str, &'static [&'static str]);
/// The pairs of one source of metrics.
type Source = (&'static str, &'static [Pair]);

const WANTED: &[Source] = &[
    (
        "object",
        &[
            ("target", &["describedObject"]),
            ("metricName", &["metric", "name"]),
            ("selector", &["metric", "selector"]),
            ("targetValue", &["target", "value"]),
            ("averageValue", &["target", "averageValue"]),
        ],
    ),
    (
        "pods",
        &[
            ("metricName", &["metric", "name"]),
            ("selector", &["metric", "selector"]),
            ("targetAverageValue", &["target", "averageValue"]),
        ],
    ),
    ("resource", WANTED_OF_RESOURCE),
    ("containerResource", WANTED_OF_RESOURCE),
    (
        "external",
        &[
            ("metricName", &["metric", "name"]),
            ("metricSelector", &["metric", "selector"]),
            ("targetValue", &["target", "value"]),
            ("targetAverageValue", &["target", "averageValue"]),
        ],
    ),
];

const WANTED_OF_RESOURCE: &[Pair] = &[
    ("name", &["name"]),
    ("container", &["container"]),
    (
        "targetAverageUtilization",
        &["target", "averageUtilization"],
    ),
    ("targetAverageValue", &["target", "averageValue"]),
];

const FOUND: &[Source] = &[
    (
        "object",
        &[
            ("target", &["describedObject"]),
            ("metricName", &["metric", "name"]),
            ("selector", &["metric", "selector"]),
            ("currentValue", &["current", "value"]),
            ("averageValue", &["current", "averageValue"]),
        ],
    ),
    (
        "pods",
        &[
            ("metricName", &["metric", "name"]),
            ("selector", &["metric", "selector"]),
            ("currentAverageValue", &["current", "averageValue"]),
        ],
    ),
    ("resource", FOUND_OF_RESOURCE),
    ("containerResource", FOUND_OF_RESOURCE),
    (
        "external",
        &[
            ("metricName", &["metric", "name"]),
            ("metricSelector", &["metric", "selector"]),
            ("currentValue", &["current", "value"]),
            ("currentAverageValue", &["current", "averageValue"]),
        ],
    ),
];

const FOUND_OF_RESOURCE: &[Pair] = &[
    ("name", &["name"]),
    ("container", &["container"]),
    (
        "currentAverageUtilization",
        &["current", "averageUtilization"],
    ),
    ("currentAverageValue", &["current", "averageValue"]),
];

/// What should be measured, as the second version has it.
pub(super) fn wanted_in_second(metric: Value) -> Value {
    let mut metric = forward(metric, WANTED);
    for (source, _) in WANTED {
        let Some(target) = metric
            .get_mut(*source)
            .and_then(|source| source.get_mut("target"))
        else {
            continue;
        };
        let kind = if target.get("averageUtilization").is_some() {
            "Utilization"
        } else if target.get("averageValue").is_some() {
            "AverageValue"
        } else {
            "Value"
        };
        target["type"] = kind.into();
    }
    metric
}

/// What should be measured, as the first version has it.
pub(super) fn wanted_in_first(metric: Value) -> Value {
    back(metric, WANTED)
}

/// What was measured, as the second version has it.
pub(super) fn found_in_second(metric: Value) -> Value {
    forward(metric, FOUND)
}

/// What was measured, as the first version has it.
pub(super) fn found_in_first(metric: Value) -> Value {
    back(metric, FOUND)
}

fn forward(metric: Value, sources: &[Source]) -> Value {
    moved(metric, sources, |from, to, (first, second)| {
        if let Some(value) = from.get(first) {
            put(to, second, value.clone());
        }
    })
}

fn back(metric: Value, sources: &[Source]) -> Value {
    moved(metric, sources, |from, to, (first, second)| {
        if let Some(value) = second.iter().try_fold(from, |at, name| at.get(*name)) {
            to.insert(first.to_owned(), value.clone());
        }
    })
}

fn moved(
    mut metric: Value,
    sources: &[Source],
    carry: impl Fn(&Value, &mut Map<String, Value>, Pair),
) -> Value {
    for (source, pairs) in sources {
        if let Some(from) = metric.get_mut(*source) {
            let mut to = Map::new();
            for pair in *pairs {
                carry(from, &mut to, *pair);
            }
            *from = Value::Object(to);
        }
    }
    metric
}

fn put(into: &mut Map<String, Value>, path: &[&str], value: Value) {
    match path {
        [] => {}
        [last] => drop(into.insert((*last).to_owned(), value)),
        [first, rest @ ..] => {
            let inner = into
                .entry(*first)
                .or_insert_with(|| Value::Object(Map::new()));
            if let Value::Object(inner) = inner {
                put(inner, rest, value);
            }
        }
    }
}
