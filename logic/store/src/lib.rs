//! Revisioned, watchable key-value state, in memory.
