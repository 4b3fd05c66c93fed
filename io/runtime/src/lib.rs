//! Containers as the node sees them.
