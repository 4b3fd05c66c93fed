//! What a node should do next.
