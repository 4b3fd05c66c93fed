//! The API server's front.
