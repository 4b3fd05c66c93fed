//! Endpoint slices.

mod endpoint_slice;

pub use endpoint_slice::EndpointSlices;
