//! The embedded low-level runtime.
