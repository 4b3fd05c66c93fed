//! The group `apiregistration.k8s.io`: who serves which group of the API.

pub mod api_service;

pub use api_service::APIServices;

/// Notes at a namespace that is being deleted in which other API servers nothing of it is left: the
/// names of their `APIService`s, with commas between them.
pub const EMPTIED: &str = "gantry.io/emptied-elsewhere";
