//! Makes the store survive a crash.
