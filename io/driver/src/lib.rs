//! Runs reconcilers.
