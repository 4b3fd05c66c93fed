//! Builds the parts of an agent.
