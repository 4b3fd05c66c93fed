//! `CSIDriver`: what the cluster should know of a storage driver before it calls it.

use std::collections::BTreeSet;

use gantry_api::field_error::FieldErrors;
use gantry_base::FieldPath;
use k8s_openapi::api::storage::v1::{CSIDriver, CSIDriverSpec, TokenRequest};
use serde_json::Value;

use crate::column::Column;
use crate::kind::Kind;
use crate::parts::container_default::fill;
use crate::parts::{cell, check};
use crate::rules::Rules;

const FS_GROUP_POLICIES: [&str; 3] = ["File", "None", "ReadWriteOnceWithFSType"];
const LIFECYCLES: [&str; 2] = ["Persistent", "Ephemeral"];
/// The shortest and the longest life of a token in seconds.
const TOKEN_SECONDS: (i64, i64) = (10 * 60, 1 << 32);
/// How often a driver may be asked for its limits, in seconds.
const UPDATE_SECONDS_MIN: i64 = 10;

/// What the cluster should know of a storage driver.
#[derive(Debug)]
pub struct CSIDrivers;

impl Kind for CSIDrivers {
    type Object = CSIDriver;

    const COLUMNS: &'static [Column<CSIDriver>] = &[
        Column::NAME,
        Column::boolean(
            "AttachRequired",
            "Whether volumes are attached before they are mounted.",
            |driver, _| driver.spec.attach_required.unwrap_or(true).into(),
        ),
        Column::boolean(
            "PodInfoOnMount",
            "Whether it is told which pod a volume is for.",
            |driver, _| driver.spec.pod_info_on_mount.unwrap_or(false).into(),
        ),
        Column::boolean(
            "StorageCapacity",
            "Whether pods are placed where it has room.",
            |driver, _| driver.spec.storage_capacity.unwrap_or(false).into(),
        ),
        Column::text(
            "TokenRequests",
            "For whom it is given tokens of pods.",
            |driver, _| audiences(&driver.spec),
        ),
        Column::boolean(
            "RequiresRepublish",
            "Whether volumes are mounted again and again.",
            |driver, _| driver.spec.requires_republish.unwrap_or(false).into(),
        ),
        Column::text("Modes", "What volumes it has.", |driver, _| {
            let modes = driver.spec.volume_lifecycle_modes.iter().flatten();
            cell::list(modes.map(String::as_str))
        }),
        Column::AGE,
    ];
    const RULES: Rules = Rules::new().conditional().counting(&[&["spec"]]);

    fn default(driver: &mut CSIDriver) {
        let spec = &mut driver.spec;
        spec.attach_required.get_or_insert(true);
        spec.pod_info_on_mount.get_or_insert(false);
        spec.storage_capacity.get_or_insert(false);
        spec.requires_republish.get_or_insert(false);
        spec.se_linux_mount.get_or_insert(false);
        fill(&mut spec.fs_group_policy, "ReadWriteOnceWithFSType");
        let modes = spec.volume_lifecycle_modes.get_or_insert_default();
        if modes.is_empty() {
            modes.push("Persistent".to_owned());
        }
    }

    fn validate(driver: &CSIDriver, old: Option<&CSIDriver>, errors: &mut FieldErrors) {
        let path = FieldPath::new("spec");
        validate_spec(&driver.spec, &path, errors);
        if let Some(old) = old {
            let (new, old) = (&driver.spec, &old.spec);
            // Clients know the first of the two by this name, which is not the field's.
            let at = path.field("attachedRequired");
            errors.require_same(&at, &new.attach_required, &old.attach_required);
            let at = path.field("volumeLifecycleModes");
            let (new, old) = (&new.volume_lifecycle_modes, &old.volume_lifecycle_modes);
            errors.require_same(&at, new, old);
        }
    }
}

fn validate_spec(spec: &CSIDriverSpec, path: &FieldPath, errors: &mut FieldErrors) {
    let policy = spec.fs_group_policy.as_deref();
    let at = path.field("fsGroupPolicy");
    check::maybe_one_of(policy, &FS_GROUP_POLICIES, &at, errors);
    let tokens = spec.token_requests.as_deref().unwrap_or(&[]);
    validate_tokens(tokens, &path.field("tokenRequests"), errors);
    for mode in spec.volume_lifecycle_modes.iter().flatten() {
        if !LIFECYCLES.contains(&mode.as_str()) {
            errors.not_supported(&path.field("volumeLifecycleModes"), mode, &LIFECYCLES);
        }
    }
    let period = spec.node_allocatable_update_period_seconds;
    if let Some(period) = period.filter(|period| *period < UPDATE_SECONDS_MIN) {
        let at = path.field("nodeAllocatableUpdatePeriodSeconds");
        let detail = "must be greater than or equal to 10 seconds";
        errors.invalid(&at, period, detail);
    }
    if let Some(wanted) = spec
        .service_account_token_in_secrets
        .filter(|_| tokens.is_empty())
    {
        let at = path.field("serviceAccountTokenInSecrets");
        errors.invalid(
            &at,
            wanted,
            "may only be set when `tokenRequests` are specified",
        );
    }
}

fn validate_tokens(requests: &[TokenRequest], path: &FieldPath, errors: &mut FieldErrors) {
    let mut known = BTreeSet::new();
    for (index, request) in requests.iter().enumerate() {
        let path = path.index(index);
        if !known.insert(&request.audience) {
            errors.duplicate(&path.field("audience"), &request.audience);
            continue;
        }
        let at = path.field("expirationSeconds");
        let (least, most) = TOKEN_SECONDS;
        match request.expiration_seconds {
            Some(seconds) if seconds < least => {
                let detail = "may not specify a duration less than 10 minutes";
                errors.invalid(&at, seconds, detail);
            }
            Some(seconds) if most < seconds => {
                let detail = "may not specify a duration larger than 2^32 seconds";
                errors.invalid(&at, seconds, detail);
            }
            Some(_) | None => {}
        }
    }
}

fn audiences(spec: &CSIDriverSpec) -> Value {
    let Some(requests) = &spec.token_requests else {
        return cell::UNSET.into();
    };
    let audiences = requests.iter().map(|request| request.audience.as_str());
    audiences.collect::<Vec<_>>().join(",").into()
}
