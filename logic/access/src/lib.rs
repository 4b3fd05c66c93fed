//! May this caller do that, and how soon.
