//! How nodes are shown, and what may not change.
