//! What is particular to each kind.
