//! Rounds, batches and ends.
