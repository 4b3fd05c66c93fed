//! `PersistentVolumeClaim`: a wish for storage, and the volume that fulfils it.

mod cost;
mod origin;
#[cfg(test)]
mod tests;

use gantry_api::field_error::FieldErrors;
use gantry_api::views::Meta;
use gantry_base::{FieldPath, Quantity, Timestamp};
use k8s_openapi::api::core::v1::{
    PersistentVolumeClaim, PersistentVolumeClaimSpec, PersistentVolumeClaimStatus,
};

use crate::column::Column;
use crate::cost::{Cost, Counted};
use crate::descriptor::SelectableField;
use crate::kind::Kind;
use crate::parts::claim::{self, CLASS_ANNOTATION};
use crate::parts::container_default::fill;
use crate::parts::persistent_volume::STORAGE;
use crate::parts::{access_modes, cell, changes, resources};
use crate::rules::Rules;
use crate::subresource::Subresource;

/// How far the change of a resource has come.
const RESIZING: [&str; 5] = [
    "ControllerResizeInProgress",
    "ControllerResizeInfeasible",
    "NodeResizeInProgress",
    "NodeResizeInfeasible",
    "NodeResizePending",
];
const MAY_CHANGE: &str = "spec is immutable after creation except resources.requests and \
                          volumeAttributesClassName for bound claims";

/// A wish for storage, and the volume that fulfils it.
#[derive(Debug)]
pub struct PersistentVolumeClaims;

impl Kind for PersistentVolumeClaims {
    type Object = PersistentVolumeClaim;

    const SHORT: &'static [&'static str] = &["pvc"];
    const SUBRESOURCES: &'static [Subresource] = &[Subresource::Status];
    const COLUMNS: &'static [Column<PersistentVolumeClaim>] = COLUMNS;
    const RULES: Rules = Rules::new().with_status().counted(Counted::ByPlural);
    const FIELDS: &'static [SelectableField] = &[claim::NAME_FIELD];
    const UNSERVED: Option<&'static str> = Some("bind claims to volumes");

    fn default(wish: &mut PersistentVolumeClaim) {
        claim::default(wish.spec.get_or_insert_default());
        let status = wish.status.get_or_insert_default();
        fill(&mut status.phase, "Pending");
        resources::canonical_amounts(&mut status.capacity);
        resources::canonical_amounts(&mut status.allocated_resources);
    }

    fn prepare(wish: &mut PersistentVolumeClaim, old: Option<&PersistentVolumeClaim>) {
        let known = old.and_then(|old| old.spec.as_ref());
        if let Some(spec) = &mut wish.spec {
            origin::prepare(spec, known);
        }
        if old.is_none() {
            wish.status = Some(PersistentVolumeClaimStatus {
                phase: Some("Pending".to_owned()),
                ..PersistentVolumeClaimStatus::default()
            });
        }
    }

    fn takes(resource: &str) -> bool {
        cost::takes(resource)
    }

    fn cost(wish: &PersistentVolumeClaim, _now: Timestamp) -> Cost {
        cost::of(wish)
    }

    fn validate(
        wish: &PersistentVolumeClaim,
        old: Option<&PersistentVolumeClaim>,
        errors: &mut FieldErrors,
    ) {
        let none = PersistentVolumeClaimSpec::default();
        let spec = wish.spec.as_ref().unwrap_or(&none);
        claim::validate(spec, &"spec".into(), errors);
        if let Some(old) = old {
            validate_change(wish, old, errors);
        }
    }

    fn validate_status(
        wish: &PersistentVolumeClaim,
        _old: &PersistentVolumeClaim,
        errors: &mut FieldErrors,
    ) {
        if let Some(status) = &wish.status {
            validate_status(status, &"status".into(), errors);
        }
    }

    fn warnings(wish: &PersistentVolumeClaim, _old: Option<&PersistentVolumeClaim>) -> Vec<String> {
        let mut told = claim::class_warning(wish.annotations());
        let spec = wish.spec.iter();
        told.extend(spec.flat_map(|spec| claim::warnings(spec, &"spec".into())));
        told
    }
}

/// Only the volume can be filled in, the class where there was none, and the size of what is bound.
fn validate_change(
    new: &PersistentVolumeClaim,
    old: &PersistentVolumeClaim,
    errors: &mut FieldErrors,
) {
    let path = FieldPath::new("spec");
    let (Some(wanted), Some(known)) = (&new.spec, &old.spec) else {
        return;
    };
    let [class, class_before] =
        [new, old].map(|claim| claim.annotations().get(CLASS_ANNOTATION).cloned());
    let at = FieldPath::new("metadata").field("annotations");
    let by_name = class_before.is_some() && wanted.storage_class_name == class_before;
    if !(by_name && known.storage_class_name.is_none() && class.is_none()) {
        errors.require_same(&at.key(CLASS_ANNOTATION), &class, &class_before);
    }
    let kept = with_what_may_change(wanted, old, known);
    if kept != *known {
        let changed = changes::list(&kept, known, &path);
        errors.forbidden(&path, format!("{MAY_CHANGE}\nchanged: {changed}"));
    }
    let limit = amount(
        old.status
            .as_ref()
            .and_then(|status| status.capacity.as_ref()),
    );
    if requested(wanted) < requested(known) && requested(wanted) <= limit {
        let at = path.field("resources").field("requests").field(STORAGE);
        errors.forbidden(&at, "field can not be less than status.capacity");
    }
    errors.require_same(
        &"volumeMode".into(),
        &wanted.volume_mode,
        &known.volume_mode,
    );
    attributes_stay_chosen(wanted, known, &path, errors);
}

/// The new specification with the old values of all that may differ.
fn with_what_may_change(
    new: &PersistentVolumeClaimSpec,
    old: &PersistentVolumeClaim,
    known: &PersistentVolumeClaimSpec,
) -> PersistentVolumeClaimSpec {
    let mut kept = new.clone();
    let is_empty = |text: &Option<String>| text.as_deref().unwrap_or("").is_empty();
    if is_empty(&known.volume_name) {
        kept.volume_name.clone_from(&known.volume_name);
    }
    let named = old.annotations().get(CLASS_ANNOTATION);
    let may_name = named.is_none() || named == new.storage_class_name.as_ref();
    if known.storage_class_name.is_none() && may_name {
        kept.storage_class_name = None;
    }
    let phase = old
        .status
        .as_ref()
        .and_then(|status| status.phase.as_deref());
    let requests = kept
        .resources
        .as_mut()
        .and_then(|asked| asked.requests.as_mut());
    let before = known
        .resources
        .as_ref()
        .and_then(|asked| asked.requests.as_ref()?.get(STORAGE));
    if let (Some("Bound"), Some(requests), Some(before)) = (phase, requests, before) {
        requests.insert(STORAGE.to_owned(), before.clone());
    }
    kept.volume_attributes_class_name
        .clone_from(&known.volume_attributes_class_name);
    kept
}

fn requested(spec: &PersistentVolumeClaimSpec) -> Quantity {
    amount(
        spec.resources
            .as_ref()
            .and_then(|asked| asked.requests.as_ref()),
    )
}

fn amount(amounts: Option<&resources::Amounts>) -> Quantity {
    let written = amounts.and_then(|amounts| amounts.get(STORAGE));
    written
        .and_then(resources::amount)
        .unwrap_or_else(|| Quantity::units(0))
}

fn attributes_stay_chosen(
    new: &PersistentVolumeClaimSpec,
    old: &PersistentVolumeClaimSpec,
    path: &FieldPath,
    errors: &mut FieldErrors,
) {
    let path = path.field("volumeAttributesClassName");
    let [new, old] = [new, old].map(|spec| spec.volume_attributes_class_name.as_deref());
    match (new, old) {
        (_, None) => {}
        (new, old) if new == old => {}
        (None, Some(_)) => {
            errors.forbidden(&path, "update from non-nil value to nil is forbidden");
        }
        (Some(""), Some(_)) => {
            let detail = "update from non-nil value to an empty string is forbidden";
            errors.forbidden(&path, detail);
        }
        (Some(_), Some(_)) => {}
    }
}

fn validate_status(
    status: &PersistentVolumeClaimStatus,
    path: &FieldPath,
    errors: &mut FieldErrors,
) {
    for (resource, amount) in status.capacity.iter().flatten() {
        resources::value(
            resource,
            amount,
            &path.field("capacity").key(resource),
            errors,
        );
    }
    let at = path.field("allocatedResourceStatus");
    for (resource, progress) in status.allocated_resource_statuses.iter().flatten() {
        known_resource(resource, &at, errors);
        if !RESIZING.contains(&progress.as_str()) {
            errors.not_supported(&at, resource, &RESIZING);
        }
    }
    let at = path.field("allocatedResources");
    for (resource, amount) in status.allocated_resources.iter().flatten() {
        known_resource(resource, &at, errors);
        resources::value(resource, amount, &at.key(resource), errors);
    }
}

/// Of the resources that have no owner, claims know only storage.
fn known_resource(resource: &str, path: &FieldPath, errors: &mut FieldErrors) {
    errors.named(path, resource, gantry_base::name::qualified);
    let is_native = !resource.contains('/') || resource.contains("kubernetes.io/");
    if is_native && resource != STORAGE {
        errors.not_supported(path, resource, &[STORAGE]);
    }
}

const COLUMNS: &[Column<PersistentVolumeClaim>] = &[
    Column::NAME,
    Column::text("Status", "Whether it has its volume.", |wish, _| {
        let status = wish.status.as_ref();
        let phase = status.and_then(|status| status.phase.as_deref());
        cell::or_terminating(wish, phase.unwrap_or("")).into()
    }),
    Column::text("Volume", "Its volume.", |wish, _| volume(wish).into()),
    Column::text("Capacity", "How much fits into its volume.", |wish, _| {
        if volume(wish).is_empty() {
            return "".into();
        }
        let status = wish.status.as_ref();
        let amount = status.and_then(|status| status.capacity.as_ref()?.get(STORAGE));
        amount.map_or("0", |amount| &amount.0).into()
    }),
    Column::text(
        "Access Modes",
        "Who may use it at the same time.",
        |wish, _| {
            let status = wish.status.as_ref().filter(|_| !volume(wish).is_empty());
            access_modes::shown(status.and_then(|status| status.access_modes.as_ref())).into()
        },
    ),
    Column::text("StorageClass", "The class it asks for.", |wish, _| {
        let named = wish.annotations().get(CLASS_ANNOTATION).cloned();
        let own = wish
            .spec
            .as_ref()
            .and_then(|spec| spec.storage_class_name.clone());
        named.or(own).unwrap_or_default().into()
    }),
    Column::text(
        "VolumeAttributesClass",
        "The class of attributes it asks for.",
        |wish, _| {
            let spec = wish.spec.as_ref();
            let class = spec.and_then(|spec| spec.volume_attributes_class_name.as_deref());
            class.unwrap_or(cell::UNSET).into()
        },
    ),
    Column::AGE,
    Column::text("VolumeMode", "How pods see it.", |wish, _| {
        mode(wish).into()
    })
    .wide(),
];

fn mode(wish: &PersistentVolumeClaim) -> &str {
    let spec = wish.spec.as_ref();
    let mode = spec.and_then(|spec| spec.volume_mode.as_deref());
    mode.unwrap_or(cell::UNSET)
}

fn volume(wish: &PersistentVolumeClaim) -> &str {
    let spec = wish.spec.as_ref();
    spec.and_then(|spec| spec.volume_name.as_deref())
        .unwrap_or("")
}
