//! Storage: classes of it, who provides it, and where it is attached.

mod class;
mod csi_driver;
mod csi_node;
mod csi_storage_capacity;
mod storage_class;
#[cfg(test)]
mod tests;
mod volume_attachment;
mod volume_attributes_class;

pub use csi_driver::CSIDrivers;
pub use csi_node::CSINodes;
pub use csi_storage_capacity::CSIStorageCapacities;
pub use storage_class::StorageClasses;
pub use volume_attachment::VolumeAttachments;
pub use volume_attributes_class::VolumeAttributesClasses;
