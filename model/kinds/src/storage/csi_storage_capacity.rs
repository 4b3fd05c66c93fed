//! `CSIStorageCapacity`: how much room there is for a class of storage in one part of the cluster.

use gantry_api::field_error::FieldErrors;
use gantry_base::{FieldPath, name};
use k8s_openapi::api::storage::v1::CSIStorageCapacity;

use crate::column::Column;
use crate::kind::Kind;
use crate::parts::persistent_volume::STORAGE;
use crate::parts::{cell, label_selector, resources};
use crate::rules::Rules;

/// How much room there is for a class of storage.
#[derive(Debug)]
pub struct CSIStorageCapacities;

impl Kind for CSIStorageCapacities {
    type Object = CSIStorageCapacity;

    const COLUMNS: &'static [Column<CSIStorageCapacity>] = &[
        Column::NAME,
        Column::text("StorageClassName", "The class.", |room, _| {
            room.storage_class_name.as_str().into()
        }),
        Column::text("Capacity", "How much room there is.", |room, _| {
            let amount = room.capacity.as_ref();
            amount.map_or(cell::UNSET, |amount| &amount.0).into()
        }),
    ];
    const RULES: Rules = Rules::new().conditional();

    fn default(room: &mut CSIStorageCapacity) {
        let amounts = room
            .capacity
            .iter_mut()
            .chain(&mut room.maximum_volume_size);
        amounts.for_each(resources::canonical);
    }

    fn validate(
        room: &CSIStorageCapacity,
        old: Option<&CSIStorageCapacity>,
        errors: &mut FieldErrors,
    ) {
        if let Some(topology) = &room.node_topology {
            label_selector::validate(topology, &"nodeTopology".into(), errors);
        }
        let class = FieldPath::new("storageClassName");
        errors.named(&class, &room.storage_class_name, name::dns_subdomain);
        if let Some(amount) = &room.capacity {
            resources::value(STORAGE, amount, &"capacity".into(), errors);
        }
        if let Some(old) = old {
            let topologies = (&room.node_topology, &old.node_topology);
            errors.require_same(&"nodeTopology".into(), topologies.0, topologies.1);
            errors.require_same(&class, &room.storage_class_name, &old.storage_class_name);
        }
    }
}
