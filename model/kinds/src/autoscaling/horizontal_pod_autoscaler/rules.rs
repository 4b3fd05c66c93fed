//! What must hold for an autoscaler.

use gantry_api::field_error::FieldErrors;
use gantry_base::{FieldPath, name};
use k8s_openapi::api::autoscaling::v2::{
    CrossVersionObjectReference, HorizontalPodAutoscaler, HorizontalPodAutoscalerSpec,
};

use super::{behavior, metrics};
use crate::parts::{check, replicas};

/// Checks what is asked for.
pub(super) fn validate(scaler: &HorizontalPodAutoscaler, errors: &mut FieldErrors) {
    let none = HorizontalPodAutoscalerSpec::default();
    let spec = scaler.spec.as_ref().unwrap_or(&none);
    let path = FieldPath::new("spec");
    let (low, high) = (path.field("minReplicas"), path.field("maxReplicas"));
    if let Some(least) = spec.min_replicas.filter(|least| *least < 1) {
        errors.invalid(&low, least, "must be greater than or equal to 1");
    }
    check::positive(Some(spec.max_replicas.into()), &high, errors);
    if spec
        .min_replicas
        .is_some_and(|least| spec.max_replicas < least)
    {
        let detail = "must be greater than or equal to `minReplicas`";
        errors.invalid(&high, spec.max_replicas, detail);
    }
    reference(
        &spec.scale_target_ref,
        &path.field("scaleTargetRef"),
        errors,
    );
    let wanted = spec.metrics.as_deref().unwrap_or(&[]);
    metrics::validate(wanted, &path.field("metrics"), errors);
    if let Some(behavior) = &spec.behavior {
        behavior::validate(behavior, &path.field("behavior"), errors);
    }
}

/// Checks what was observed.
pub(super) fn validate_status(scaler: &HorizontalPodAutoscaler, errors: &mut FieldErrors) {
    if let Some(status) = &scaler.status {
        let counts = [
            ("currentReplicas", status.current_replicas.map(i64::from)),
            ("desiredReplicas", Some(status.desired_replicas.into())),
        ];
        replicas::counts(&counts, errors);
    }
}

/// Checks a reference to an object of any kind.
pub(super) fn reference(
    to: &CrossVersionObjectReference,
    path: &FieldPath,
    errors: &mut FieldErrors,
) {
    for (field, text) in [("kind", &to.kind), ("name", &to.name)] {
        let at = path.field(field);
        check::given(Some(text), &at, errors);
        errors.named(&at, text, name::path_segment);
    }
    let version = to.api_version.as_deref().unwrap_or("");
    if version.matches('/').count() > 1 {
        let detail = format!("unexpected GroupVersion string: {version}");
        errors.invalid(&path.field("apiVersion"), version, detail);
    }
}
