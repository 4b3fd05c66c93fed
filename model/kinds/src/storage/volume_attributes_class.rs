//! `VolumeAttributesClass`: attributes that a claim can ask its volume to have, such as a speed.

use gantry_api::field_error::FieldErrors;
use k8s_openapi::api::storage::v1::VolumeAttributesClass;

use super::class::{self, Parameters};
use crate::column::Column;
use crate::kind::Kind;

const DEFAULT: [&str; 2] = [
    "volumeattributesclass.alpha.kubernetes.io/is-default-class",
    "volumeattributesclass.kubernetes.io/is-default-class",
];

/// Attributes that a claim can ask its volume to have.
#[derive(Debug)]
pub struct VolumeAttributesClasses;

impl Kind for VolumeAttributesClasses {
    type Object = VolumeAttributesClass;

    const SHORT: &'static [&'static str] = &["vac"];
    const COLUMNS: &'static [Column<VolumeAttributesClass>] = &[
        Column::called(|class, _| class::shown(class, &DEFAULT)),
        Column::text("DriverName", "Who gives volumes them.", |class, _| {
            class.driver_name.as_str().into()
        }),
        Column::AGE,
    ];

    fn validate(
        class: &VolumeAttributesClass,
        old: Option<&VolumeAttributesClass>,
        errors: &mut FieldErrors,
    ) {
        let none = Parameters::new();
        let parameters = class.parameters.as_ref().unwrap_or(&none);
        if let Some(old) = old {
            class::stays("driverName", &class.driver_name, &old.driver_name, errors);
            class::stays(
                "parameters",
                parameters,
                old.parameters.as_ref().unwrap_or(&none),
                errors,
            );
        }
        class::validate_driver(&class.driver_name, &"driverName".into(), errors);
        class::validate_parameters(parameters, &"parameters".into(), errors);
        if parameters.is_empty() {
            let detail = "must contain at least one key/value pair";
            errors.required(&"parameters".into(), detail);
        }
    }
}
