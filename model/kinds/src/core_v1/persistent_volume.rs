//! `PersistentVolume`: a piece of storage that outlives the pods that use it.

#[cfg(test)]
mod tests;

use gantry_api::Object;
use gantry_api::field_error::FieldErrors;
use gantry_api::views::Meta;
use gantry_base::FieldPath;
use gantry_base::time::rfc3339;
use k8s_openapi::api::core::v1::{PersistentVolume, PersistentVolumeSpec, PersistentVolumeStatus};
use serde_json::Value;

use crate::author::Author;
use crate::column::Column;
use crate::descriptor::SelectableField;
use crate::kind::Kind;
use crate::parts::claim::CLASS_ANNOTATION;
use crate::parts::container_default::fill;
use crate::parts::persistent_volume::{self, STORAGE};
use crate::parts::{access_modes, cell, changes, claim, resources};
use crate::rules::Rules;
use crate::subresource::Subresource;

const PHASE: &[&str] = &["status", "phase"];
const PHASE_SINCE: &[&str] = &["status", "lastPhaseTransitionTime"];

/// A piece of storage that outlives the pods that use it.
#[derive(Debug)]
pub struct PersistentVolumes;

impl Kind for PersistentVolumes {
    type Object = PersistentVolume;

    const SHORT: &'static [&'static str] = &["pv"];
    const SUBRESOURCES: &'static [Subresource] = &[Subresource::Status];
    const COLUMNS: &'static [Column<PersistentVolume>] = COLUMNS;
    const RULES: Rules = Rules::new().with_status();
    const FIELDS: &'static [SelectableField] = &[claim::NAME_FIELD];
    const UNSERVED: Option<&'static str> = Some("bind claims to volumes");

    fn default(volume: &mut PersistentVolume) {
        let spec = volume.spec.get_or_insert_default();
        fill(&mut spec.persistent_volume_reclaim_policy, "Retain");
        fill(&mut spec.volume_mode, "Filesystem");
        resources::canonical_amounts(&mut spec.capacity);
        persistent_volume::default_source(spec);
        fill(&mut volume.status.get_or_insert_default().phase, "Pending");
    }

    fn prepare(volume: &mut PersistentVolume, old: Option<&PersistentVolume>) {
        if old.is_none() {
            volume.status = Some(PersistentVolumeStatus {
                phase: Some("Pending".to_owned()),
                ..PersistentVolumeStatus::default()
            });
        }
    }

    /// Notes since when the volume has been in its phase, unless the writer says so.
    fn sign(volume: &mut Object, old: Option<&Object>, author: &Author<'_>) {
        let known = old.and_then(|old| old.at(PHASE_SINCE));
        let is_stale = volume.at(PHASE_SINCE).is_none() || volume.at(PHASE_SINCE) == known;
        let is_new = old.is_none_or(|old| old.text(PHASE) != volume.text(PHASE));
        if is_new && is_stale {
            volume.set(PHASE_SINCE, Value::from(rfc3339(author.now)));
        }
    }

    fn validate(
        volume: &PersistentVolume,
        old: Option<&PersistentVolume>,
        errors: &mut FieldErrors,
    ) {
        let none = PersistentVolumeSpec::default();
        let spec = volume.spec.as_ref().unwrap_or(&none);
        persistent_volume::validate(spec, &"spec".into(), errors);
        if let Some(old) = old.and_then(|old| old.spec.as_ref()) {
            validate_change(spec, old, errors);
        }
    }

    fn warnings(volume: &PersistentVolume, _old: Option<&PersistentVolume>) -> Vec<String> {
        let mut told = claim::class_warning(volume.annotations());
        if spec(volume, |spec| &spec.persistent_volume_reclaim_policy) == "Recycle" {
            told.push(
                "spec.persistentVolumeReclaimPolicy: The Recycle reclaim policy is deprecated. \
                 Instead, the recommended approach is to use dynamic provisioning."
                    .to_owned(),
            );
        }
        told
    }
}

/// What a volume is made of stays; a secret for growing it, and where it can be used, may be added.
fn validate_change(
    new: &PersistentVolumeSpec,
    old: &PersistentVolumeSpec,
    errors: &mut FieldErrors,
) {
    let mut kept = new.clone();
    if let (Some(new), Some(old)) = (&mut kept.csi, &old.csi)
        && old.controller_expand_secret_ref.is_none()
    {
        new.controller_expand_secret_ref = None;
    }
    let [kept, known] = [&kept, old].map(persistent_volume::sources);
    if kept != known {
        let path = FieldPath::new("spec").field("persistentvolumesource");
        let changed = changes::list(&kept, &known, &"spec".into());
        let detail = format!("{path} is immutable after creation\nchanged: {changed}");
        errors.forbidden(&path, detail);
    }
    errors.require_same(&"volumeMode".into(), &new.volume_mode, &old.volume_mode);
    if old.node_affinity.is_some() {
        errors.require_same(
            &"nodeAffinity".into(),
            &new.node_affinity,
            &old.node_affinity,
        );
    }
    let class = |spec: &PersistentVolumeSpec| spec.volume_attributes_class_name.is_some();
    if class(old) && !class(new) {
        let path = FieldPath::new("spec").field("volumeAttributesClassName");
        errors.forbidden(&path, "update from non-nil value to nil is forbidden");
    }
}

const COLUMNS: &[Column<PersistentVolume>] = &[
    Column::NAME,
    Column::text("Capacity", "How much fits into it.", |volume, _| {
        let spec = volume.spec.as_ref();
        let amount = spec.and_then(|spec| spec.capacity.as_ref()?.get(STORAGE));
        amount.map_or("0", |amount| &amount.0).into()
    }),
    Column::text(
        "Access Modes",
        "Who may use it at the same time.",
        |volume, _| {
            let spec = volume.spec.as_ref();
            access_modes::shown(spec.and_then(|spec| spec.access_modes.as_ref())).into()
        },
    ),
    Column::text(
        "Reclaim Policy",
        "What becomes of it without its claim.",
        |volume, _| spec(volume, |spec| &spec.persistent_volume_reclaim_policy).into(),
    ),
    Column::text("Status", "Whether it is free or in use.", |volume, _| {
        let phase = status(volume, |status| &status.phase);
        cell::or_terminating(volume, phase).into()
    }),
    Column::text("Claim", "Whose it is.", |volume, _| {
        claimed_by(volume).into()
    }),
    Column::text("StorageClass", "The class it is of.", |volume, _| {
        let named = volume.annotations().get(CLASS_ANNOTATION).cloned();
        let own = || spec(volume, |spec| &spec.storage_class_name).to_owned();
        named.unwrap_or_else(own).into()
    }),
    Column::text(
        "VolumeAttributesClass",
        "The class of its attributes.",
        |volume, _| or_unset(volume, |spec| &spec.volume_attributes_class_name),
    ),
    Column::text("Reason", "Why it is in this state.", |volume, _| {
        status(volume, |status| &status.reason).into()
    }),
    Column::AGE,
    Column::text("VolumeMode", "How pods see it.", |volume, _| {
        or_unset(volume, |spec| &spec.volume_mode)
    })
    .wide(),
];

fn spec(volume: &PersistentVolume, text: fn(&PersistentVolumeSpec) -> &Option<String>) -> &str {
    let text = volume.spec.as_ref().map(text);
    text.and_then(Option::as_deref).unwrap_or("")
}

fn or_unset(
    volume: &PersistentVolume,
    text: fn(&PersistentVolumeSpec) -> &Option<String>,
) -> Value {
    let text = volume.spec.as_ref().map(text);
    text.and_then(Option::as_deref)
        .unwrap_or(cell::UNSET)
        .into()
}

fn status(volume: &PersistentVolume, text: fn(&PersistentVolumeStatus) -> &Option<String>) -> &str {
    let text = volume.status.as_ref().map(text);
    text.and_then(Option::as_deref).unwrap_or("")
}

fn claimed_by(volume: &PersistentVolume) -> String {
    let claim = volume
        .spec
        .as_ref()
        .and_then(|spec| spec.claim_ref.as_ref());
    claim.map_or_else(String::new, |claim| {
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        format!("{}/{}", text(&claim.namespace), text(&claim.name))
    })
}
