//! Builds the parts of a server.
