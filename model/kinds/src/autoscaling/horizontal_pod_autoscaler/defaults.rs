//! What an autoscaler has when its author left it out.

use k8s_openapi::api::autoscaling::v2::{
    HPAScalingPolicy, HPAScalingRules, HorizontalPodAutoscaler, MetricSpec, MetricTarget,
    ResourceMetricSource,
};

use crate::parts::container_default::fill;
use crate::parts::resources;

/// How busy processors should be, in percent.
const CPU_PERCENT: i32 = 80;
/// How often a step may be taken, in seconds.
const PERIOD: i32 = 15;

/// Fills in what may be left out.
pub(super) fn fill_in(scaler: &mut HorizontalPodAutoscaler) {
    let spec = scaler.spec.get_or_insert_default();
    spec.min_replicas.get_or_insert(1);
    let metrics = spec.metrics.get_or_insert_default();
    if metrics.is_empty() {
        metrics.push(busy_processors());
    }
    metrics.iter_mut().for_each(canonical_target);
    if let Some(behavior) = &mut spec.behavior {
        let up = behavior.scale_up.get_or_insert_default();
        up.stabilization_window_seconds.get_or_insert(0);
        rules(up, &[("Pods", 4), ("Percent", 100)]);
        let down = behavior.scale_down.get_or_insert_default();
        rules(down, &[("Percent", 100)]);
    }
}

fn busy_processors() -> MetricSpec {
    let target = MetricTarget {
        type_: "Utilization".to_owned(),
        average_utilization: Some(CPU_PERCENT),
        ..MetricTarget::default()
    };
    MetricSpec {
        type_: "Resource".to_owned(),
        resource: Some(ResourceMetricSource {
            name: "cpu".to_owned(),
            target,
        }),
        ..MetricSpec::default()
    }
}

fn canonical_target(metric: &mut MetricSpec) {
    let targets = [
        metric.object.as_mut().map(|source| &mut source.target),
        metric.pods.as_mut().map(|source| &mut source.target),
        metric.resource.as_mut().map(|source| &mut source.target),
        metric
            .container_resource
            .as_mut()
            .map(|source| &mut source.target),
        metric.external.as_mut().map(|source| &mut source.target),
    ];
    for target in targets.into_iter().flatten() {
        let amounts = [&mut target.value, &mut target.average_value];
        amounts.into_iter().flatten().for_each(resources::canonical);
    }
}

fn rules(rules: &mut HPAScalingRules, steps: &[(&str, i32)]) {
    fill(&mut rules.select_policy, "Max");
    let step = |(kind, value): &(&str, i32)| HPAScalingPolicy {
        type_: (*kind).to_owned(),
        value: *value,
        period_seconds: PERIOD,
    };
    rules
        .policies
        .get_or_insert_with(|| steps.iter().map(step).collect());
    if let Some(tolerance) = &mut rules.tolerance {
        resources::canonical(tolerance);
    }
}
