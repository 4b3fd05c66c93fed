//! `CSINode`: which storage drivers a node has, and what the node is called by them.

use std::collections::BTreeSet;

use gantry_api::field_error::FieldErrors;
use gantry_base::{FieldPath, name};
use k8s_openapi::api::storage::v1::{CSINode, CSINodeDriver};

use crate::column::Column;
use crate::kind::Kind;
use crate::parts::{check, csi};
use crate::rules::Rules;

const NODE_ID_MAX: usize = 256;

/// Which storage drivers a node has.
#[derive(Debug)]
pub struct CSINodes;

impl Kind for CSINodes {
    type Object = CSINode;

    const COLUMNS: &'static [Column<CSINode>] = &[
        Column::NAME,
        Column::integer("Drivers", "How many drivers it has.", |node, _| {
            node.spec.drivers.len().into()
        }),
        Column::AGE,
    ];
    const RULES: Rules = Rules::new().conditional();

    fn validate(node: &CSINode, old: Option<&CSINode>, errors: &mut FieldErrors) {
        let path = FieldPath::new("spec").field("drivers");
        let mut names = BTreeSet::new();
        for (index, driver) in node.spec.drivers.iter().enumerate() {
            let path = path.index(index);
            validate_driver(driver, &path, errors);
            if !names.insert(&driver.name) {
                errors.duplicate(&path.field("name"), &driver.name);
            }
        }
        for old in old.iter().flat_map(|old| &old.spec.drivers) {
            let same = |driver: &&CSINodeDriver| driver.name == old.name;
            for new in node.spec.drivers.iter().filter(same) {
                errors.require_same(&path, &fixed(new), &fixed(old));
            }
        }
    }
}

fn validate_driver(driver: &CSINodeDriver, path: &FieldPath, errors: &mut FieldErrors) {
    csi::driver_name(&driver.name, &path.field("name"), errors);
    let at = path.field("nodeID");
    check::given(Some(&driver.node_id), &at, errors);
    if driver.node_id.len() > NODE_ID_MAX {
        let detail = format!("must be {NODE_ID_MAX} characters or less");
        errors.invalid(&at, &driver.node_id, detail);
    }
    let count = driver.allocatable.as_ref().and_then(|room| room.count);
    let at = path.field("allocatable").field("count");
    check::not_negative(count.map(i64::from), &at, errors);
    let mut keys = BTreeSet::new();
    for key in driver.topology_keys.iter().flatten() {
        check::given(Some(key), path, errors);
        if !keys.insert(key) {
            errors.duplicate(path, key);
        }
        errors.named(path, key, name::qualified);
    }
}

/// A driver without what may change while it is there.
fn fixed(driver: &CSINodeDriver) -> CSINodeDriver {
    CSINodeDriver {
        allocatable: None,
        ..driver.clone()
    }
}
