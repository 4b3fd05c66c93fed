//! Mounts and their life.
