//! `StorageClass`: a kind of storage that claims can ask for.

use std::collections::BTreeSet;

use gantry_api::field_error::FieldErrors;
use gantry_base::{FieldPath, name};
use k8s_openapi::api::core::v1::TopologySelectorTerm;
use k8s_openapi::api::storage::v1::StorageClass;

use super::class::{self, Parameters};
use crate::column::Column;
use crate::kind::Kind;
use crate::parts::check;
use crate::parts::container_default::fill;

const DEFAULT: [&str; 2] = [
    "storageclass.beta.kubernetes.io/is-default-class",
    "storageclass.kubernetes.io/is-default-class",
];
const RECLAIM_POLICIES: [&str; 2] = ["Delete", "Retain"];
const BINDING_MODES: [&str; 2] = ["Immediate", "WaitForFirstConsumer"];

/// A kind of storage that claims can ask for.
#[derive(Debug)]
pub struct StorageClasses;

impl Kind for StorageClasses {
    type Object = StorageClass;

    const SHORT: &'static [&'static str] = &["sc"];
    const COLUMNS: &'static [Column<StorageClass>] = &[
        Column::called(|class, _| class::shown(class, &DEFAULT)),
        Column::text("Provisioner", "Who makes volumes of it.", |class, _| {
            class.provisioner.as_str().into()
        }),
        Column::text(
            "ReclaimPolicy",
            "What becomes of a volume without a claim.",
            |class, _| class.reclaim_policy.as_deref().unwrap_or("").into(),
        ),
        Column::text(
            "VolumeBindingMode",
            "When a claim gets its volume.",
            |class, _| class.volume_binding_mode.as_deref().unwrap_or("").into(),
        ),
        Column::text(
            "AllowVolumeExpansion",
            "Whether its volumes can grow.",
            |class, _| class.allow_volume_expansion.unwrap_or(false).into(),
        ),
        Column::AGE,
    ];

    fn default(class: &mut StorageClass) {
        fill(&mut class.reclaim_policy, "Delete");
        fill(&mut class.volume_binding_mode, "Immediate");
    }

    fn validate(class: &StorageClass, old: Option<&StorageClass>, errors: &mut FieldErrors) {
        class::validate_driver(&class.provisioner, &"provisioner".into(), errors);
        let none = Parameters::new();
        let parameters = class.parameters.as_ref().unwrap_or(&none);
        class::validate_parameters(parameters, &"parameters".into(), errors);
        let policy = class.reclaim_policy.as_deref();
        check::one_of(policy, &RECLAIM_POLICIES, &"reclaimPolicy".into(), errors);
        let mode = class.volume_binding_mode.as_deref();
        check::one_of(mode, &BINDING_MODES, &"volumeBindingMode".into(), errors);
        let topologies = class.allowed_topologies.as_deref().unwrap_or(&[]);
        validate_topologies(topologies, &"allowedTopologies".into(), errors);
        if let Some(old) = old {
            class::stays(
                "parameters",
                parameters,
                old.parameters.as_ref().unwrap_or(&none),
                errors,
            );
            class::stays("provisioner", &class.provisioner, &old.provisioner, errors);
            class::stays(
                "reclaimPolicy",
                &class.reclaim_policy,
                &old.reclaim_policy,
                errors,
            );
            let modes = (&class.volume_binding_mode, &old.volume_binding_mode);
            errors.require_same(&"volumeBindingMode".into(), modes.0, modes.1);
        }
    }
}

type Wanted<'a> = BTreeSet<(&'a str, BTreeSet<&'a str>)>;

fn validate_topologies(list: &[TopologySelectorTerm], path: &FieldPath, errors: &mut FieldErrors) {
    let mut known: Vec<Wanted<'_>> = Vec::new();
    for (index, term) in list.iter().enumerate() {
        let path = path.index(index).field("matchLabelExpressions");
        let wanted = validate_term(term, &path, errors);
        if known.contains(&wanted) {
            errors.duplicate(&path, "");
        }
        known.push(wanted);
    }
}

fn validate_term<'a>(
    term: &'a TopologySelectorTerm,
    path: &FieldPath,
    errors: &mut FieldErrors,
) -> Wanted<'a> {
    let mut keys = BTreeSet::new();
    let mut wanted = Wanted::new();
    for (index, expression) in term.match_label_expressions.iter().flatten().enumerate() {
        let path = path.index(index);
        let mut values = BTreeSet::new();
        if expression.values.is_empty() {
            errors.required(&path.field("values"), "");
        }
        for (index, value) in expression.values.iter().enumerate() {
            if !values.insert(value.as_str()) {
                errors.duplicate(&path.field("values").index(index), value);
            }
        }
        errors.named(&path.field("key"), &expression.key, name::qualified);
        if !keys.insert(&expression.key) {
            errors.duplicate(&path.field("key"), &expression.key);
        }
        wanted.insert((expression.key.as_str(), values));
    }
    wanted
}
