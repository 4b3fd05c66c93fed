//! References, pull, unpack, content, layered snapshots.
