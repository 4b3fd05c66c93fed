//! The group `apiregistration.k8s.io`: who serves which group of the API.

pub mod api_service;

pub use api_service::APIServices;
