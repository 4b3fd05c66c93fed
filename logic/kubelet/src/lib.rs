//! What a node should do next.

pub mod sandbox;
