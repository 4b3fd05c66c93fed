//! Objects on the wire and in memory.
