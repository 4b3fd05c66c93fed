//! The core group: pods, services, nodes and what they need.

mod config_map;

pub use config_map::ConfigMaps;
