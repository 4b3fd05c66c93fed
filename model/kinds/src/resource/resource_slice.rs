//! `ResourceSlice`: some of the devices that a driver has, and from where they can be reached.

use std::collections::BTreeSet;

use gantry_api::Object;
use gantry_api::field_error::FieldErrors;
use gantry_base::{FieldPath, name};
use k8s_openapi::api::resource::v1::{ResourcePool, ResourceSlice, ResourceSliceSpec};

use super::{device, names};
use crate::column::Column;
use crate::descriptor::SelectableField;
use crate::kind::Kind;
use crate::parts::{affinity, check};
use crate::rules::Rules;

const DEVICES_MAX: usize = 128;
/// So many when some of them are tainted or share counters.
const INTRICATE_DEVICES_MAX: usize = 64;
const COUNTER_SETS_MAX: usize = 8;

/// Some of the devices that a driver has.
#[derive(Debug)]
pub struct ResourceSlices;

impl Kind for ResourceSlices {
    type Object = ResourceSlice;

    const COLUMNS: &'static [Column<ResourceSlice>] = &[
        Column::NAME,
        Column::text("Node", "The node that has the devices.", |slice, _| {
            slice.spec.node_name.as_deref().unwrap_or("").into()
        }),
        Column::text("Driver", "Whose devices they are.", |slice, _| {
            slice.spec.driver.as_str().into()
        }),
        Column::text("Pool", "Of which pool they are part.", |slice, _| {
            slice.spec.pool.name.as_str().into()
        }),
        Column::AGE,
    ];
    const RULES: Rules = Rules::new().counting(&[&["spec"]]);
    const FIELDS: &'static [SelectableField] = &[
        SelectableField {
            label: "spec.driver",
            read: |slice: &Object| slice.text(&["spec", "driver"]).to_owned(),
        },
        SelectableField {
            label: "spec.nodeName",
            read: |slice: &Object| slice.text(&["spec", "nodeName"]).to_owned(),
        },
    ];

    fn validate(slice: &ResourceSlice, old: Option<&ResourceSlice>, errors: &mut FieldErrors) {
        let path = FieldPath::new("spec");
        let spec = &slice.spec;
        names::driver(&spec.driver, &path.field("driver"), errors);
        pool(&spec.pool, &path.field("pool"), errors);
        if let Some(old) = old.map(|old| &old.spec) {
            let name = path.field("pool").field("name");
            errors.require_same(&name, &spec.pool.name, &old.pool.name);
            errors.require_same(&path.field("driver"), &spec.driver, &old.driver);
            errors.require_same(&path.field("nodeName"), &spec.node_name, &old.node_name);
        }
        reach(spec, &path, errors);
        if spec.shared_counters.is_some() && spec.devices.is_some() {
            let detail = "only one of `sharedCounters` or `devices` is allowed";
            errors.invalid(&path, "", detail);
        }
        devices(spec, &path.field("devices"), errors);
        let sets = spec.shared_counters.as_deref().unwrap_or(&[]);
        let at = path.field("sharedCounters");
        check::at_most(sets.len(), COUNTER_SETS_MAX, &at, errors);
        let mut seen = BTreeSet::new();
        for (index, set) in sets.iter().enumerate() {
            device::counters(&set.name, "name", &set.counters, &at.index(index), errors);
            if !seen.insert(&set.name) {
                errors.duplicate(&at.index(index), &set.name);
            }
        }
    }
}

fn pool(own: &ResourcePool, path: &FieldPath, errors: &mut FieldErrors) {
    names::pool(&own.name, &path.field("name"), errors);
    if own.resource_slice_count <= 0 {
        let at = path.field("resourceSliceCount");
        errors.invalid(&at, own.resource_slice_count, "must be greater than zero");
    }
    if own.generation < 0 {
        let detail = "must be greater than or equal to zero";
        errors.invalid(&path.field("generation"), own.generation, detail);
    }
}

/// From where the devices can be reached is said in one way.
fn reach(spec: &ResourceSliceSpec, path: &FieldPath, errors: &mut FieldErrors) {
    let mut ways = Vec::new();
    if let Some(node) = &spec.node_name {
        let at = path.field("nodeName");
        if node.is_empty() {
            let detail = "must be either unset or set to a non-empty string";
            errors.invalid(&at, node, detail);
        } else {
            ways.push("`nodeName`");
            errors.named(&at, node, name::dns_subdomain);
        }
    }
    if let Some(selector) = &spec.node_selector {
        ways.push("`nodeSelector`");
        let at = path.field("nodeSelector");
        affinity::node_selector(selector, &at, errors);
        let terms = &selector.node_selector_terms;
        if terms.len() != 1 {
            let detail = "must have exactly one node selector term";
            errors.invalid(&at.field("nodeSelectorTerms"), terms, detail);
        }
    }
    let flags = [
        ("allNodes", "`allNodes`", spec.all_nodes),
        (
            "perDeviceNodeSelection",
            "`perDeviceNodeSelection`",
            spec.per_device_node_selection,
        ),
    ];
    for (field, quoted, flag) in flags {
        match flag {
            Some(true) => ways.push(quoted),
            Some(false) => {
                let detail = "must be either unset or set to true";
                errors.invalid(&path.field(field), false, detail);
            }
            None => {}
        }
    }
    let one = "exactly one of `nodeName`, `nodeSelector`, `allNodes`, `perDeviceNodeSelection` is \
               required";
    match ways.len() {
        0 => errors.required(path, one),
        1 => {}
        _ => {
            let given = format!("{{{}}}", ways.join(", "));
            errors.invalid(path, given, format!("{one}, but multiple fields are set"));
        }
    }
}

fn devices(spec: &ResourceSliceSpec, path: &FieldPath, errors: &mut FieldErrors) {
    let own = spec.devices.as_deref().unwrap_or(&[]);
    let is_intricate = own.iter().any(|device| {
        device.taints.as_ref().is_some_and(|all| !all.is_empty())
            || device
                .consumes_counters
                .as_ref()
                .is_some_and(|all| !all.is_empty())
    });
    let most = if is_intricate {
        INTRICATE_DEVICES_MAX
    } else {
        DEVICES_MAX
    };
    check::at_most(own.len(), most, path, errors);
    let chooses = spec.per_device_node_selection == Some(true);
    let mut seen = BTreeSet::new();
    for (index, own) in own.iter().enumerate() {
        device::validate(own, chooses, &path.index(index), errors);
        if !seen.insert(&own.name) {
            errors.duplicate(&path.index(index), &own.name);
        }
    }
}
