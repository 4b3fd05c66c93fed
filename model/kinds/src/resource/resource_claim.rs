//! `ResourceClaim`: devices that somebody asks for, and those that were given.

use std::collections::BTreeSet;

use gantry_api::field_error::FieldErrors;
use gantry_api::views::Meta;
use gantry_base::FieldPath;
use k8s_openapi::api::resource::v1::{
    AllocatedDeviceStatus, AllocationResult, DeviceAllocationConfiguration,
    DeviceRequestAllocationResult, ResourceClaim, ResourceClaimConsumerReference,
    ResourceClaimStatus,
};

use super::{claim, names};
use crate::column::Column;
use crate::kind::Kind;
use crate::parts::{affinity, check, conditions};
use crate::rules::Rules;
use crate::subresource::Subresource;

const RESULTS_MAX: usize = 32;
const CONFIG_MAX: usize = 64;
const CONSUMERS_MAX: usize = 256;
const SOURCES: [&str; 2] = ["FromClaim", "FromClass"];

/// Devices that somebody asks for.
#[derive(Debug)]
pub struct ResourceClaims;

impl Kind for ResourceClaims {
    type Object = ResourceClaim;

    const SUBRESOURCES: &'static [Subresource] = &[Subresource::Status];
    const COLUMNS: &'static [Column<ResourceClaim>] = &[
        Column::NAME,
        Column::text("State", "How far it is.", |claim, _| state(claim).into()),
        Column::AGE,
    ];
    const RULES: Rules = Rules::new().with_status();
    const OPAQUE: &'static [&'static str] = &[
        "spec.devices.config.opaque.parameters",
        "status.allocation.devices.config.opaque.parameters",
        "status.devices.data",
    ];
    const UNSERVED: Option<&'static str> = Some("allocate devices");

    fn default(claim: &mut ResourceClaim) {
        if let Some(devices) = &mut claim.spec.devices {
            claim::default(devices);
        }
    }

    fn validate(claim: &ResourceClaim, old: Option<&ResourceClaim>, errors: &mut FieldErrors) {
        let path = FieldPath::new("spec");
        if let Some(old) = old {
            errors.require_same(&path, &claim.spec, &old.spec);
        } else if let Some(devices) = &claim.spec.devices {
            claim::validate(devices, &path.field("devices"), errors);
        }
    }

    fn validate_status(claim: &ResourceClaim, old: &ResourceClaim, errors: &mut FieldErrors) {
        let known = claim.spec.devices.as_ref();
        let known = known.map(claim::request_names).unwrap_or_default();
        let path = FieldPath::new("status");
        let status = claim.status.clone().unwrap_or_default();
        let before = old.status.clone().unwrap_or_default();
        consumers(&status, &before, claim.is_terminating(), &path, errors);
        devices(&status, &path.field("devices"), errors);
        let at = path.field("allocation");
        match (&status.allocation, &before.allocation) {
            (Some(new), Some(old)) => errors.require_same(&at, new, old),
            (Some(new), None) => allocation(new, &known, &at, errors),
            (None, _) => {}
        }
    }
}

fn state(claim: &ResourceClaim) -> String {
    let status = claim.status.as_ref();
    let is_allocated = status.is_some_and(|status| status.allocation.is_some());
    let consumers = status.and_then(|status| status.reserved_for.as_ref());
    let is_reserved = is_allocated && consumers.is_some_and(|consumers| !consumers.is_empty());
    let words = [
        ("deleted", claim.is_terminating()),
        ("pending", !is_allocated && !claim.is_terminating()),
        ("allocated", is_allocated),
        ("reserved", is_reserved),
    ];
    let holding = words.iter().filter(|(_, holds)| *holds);
    holding.map(|(word, _)| *word).collect::<Vec<_>>().join(",")
}

fn consumers(
    status: &ResourceClaimStatus,
    before: &ResourceClaimStatus,
    is_terminating: bool,
    path: &FieldPath,
    errors: &mut FieldErrors,
) {
    let at = path.field("reservedFor");
    let list = |status: &ResourceClaimStatus| status.reserved_for.clone().unwrap_or_default();
    let (own, known) = (list(status), list(before));
    check::at_most(own.len(), CONSUMERS_MAX, &at, errors);
    let mut seen = BTreeSet::new();
    for (index, consumer) in own.iter().enumerate() {
        let at = at.index(index);
        let ResourceClaimConsumerReference {
            name,
            resource,
            uid,
            ..
        } = consumer;
        for (field, text) in [("resource", resource), ("name", name), ("uid", uid)] {
            check::given(Some(text), &at.field(field), errors);
        }
        if !seen.insert(&consumer.uid) {
            errors.duplicate(&at, &consumer.uid);
        }
    }
    if own.is_empty() {
        return;
    }
    if status.allocation.is_none() {
        errors.forbidden(&at, "may not be specified when `allocated` is not set");
    } else if is_terminating && own.iter().any(|consumer| !known.contains(consumer)) {
        let detail = "new entries may not be added while `deallocationRequested` or \
                      `deletionTimestamp` are set";
        errors.forbidden(&at, detail);
    }
}

fn devices(status: &ResourceClaimStatus, path: &FieldPath, errors: &mut FieldErrors) {
    let results = status
        .allocation
        .as_ref()
        .and_then(|own| own.devices.as_ref());
    let results = results
        .and_then(|own| own.results.as_deref())
        .unwrap_or(&[]);
    let is_given = |device: &AllocatedDeviceStatus| {
        results.iter().any(|given| {
            given.driver == device.driver
                && given.pool == device.pool
                && given.device == device.device
                && given.share_id == device.share_id
        })
    };
    for (index, device) in status.devices.iter().flatten().enumerate() {
        let at = path.index(index);
        names::driver(&device.driver, &at.field("driver"), errors);
        names::pool(&device.pool, &at.field("pool"), errors);
        errors.named(
            &at.field("device"),
            &device.device,
            gantry_base::name::dns_label,
        );
        if !is_given(device) {
            errors.invalid(
                &at,
                &device.device,
                "must be an allocated device in the claim",
            );
        }
        let own = device.conditions.as_deref().unwrap_or(&[]);
        conditions::validate(own, &at.field("conditions"), errors);
    }
}

fn allocation(
    own: &AllocationResult,
    known: &BTreeSet<String>,
    path: &FieldPath,
    errors: &mut FieldErrors,
) {
    let devices = own.devices.clone().unwrap_or_default();
    let results = devices.results.as_deref().unwrap_or(&[]);
    let at = path.field("devices").field("results");
    check::at_most(results.len(), RESULTS_MAX, &at, errors);
    for (index, result) in results.iter().enumerate() {
        validate_result(result, known, &at.index(index), errors);
    }
    let config = devices.config.as_deref().unwrap_or(&[]);
    let at = path.field("devices").field("config");
    check::at_most(config.len(), CONFIG_MAX, &at, errors);
    for (index, own) in config.iter().enumerate() {
        validate_config(own, known, &at.index(index), errors);
    }
    if let Some(selector) = &own.node_selector {
        affinity::node_selector(selector, &path.field("nodeSelector"), errors);
    }
}

fn validate_result(
    own: &DeviceRequestAllocationResult,
    known: &BTreeSet<String>,
    path: &FieldPath,
    errors: &mut FieldErrors,
) {
    claim::reference(&own.request, known, &path.field("request"), errors);
    names::driver(&own.driver, &path.field("driver"), errors);
    names::pool(&own.pool, &path.field("pool"), errors);
    errors.named(
        &path.field("device"),
        &own.device,
        gantry_base::name::dns_label,
    );
    let tolerations = own.tolerations.as_deref().unwrap_or(&[]);
    claim::tolerations(tolerations, &path.field("tolerations"), errors);
}

fn validate_config(
    own: &DeviceAllocationConfiguration,
    known: &BTreeSet<String>,
    path: &FieldPath,
    errors: &mut FieldErrors,
) {
    check::one_of(Some(&own.source), &SOURCES, &path.field("source"), errors);
    claim::references(
        own.requests.as_deref(),
        known,
        &path.field("requests"),
        errors,
    );
    claim::opaque(own.opaque.as_ref(), &path.field("opaque"), errors);
}
