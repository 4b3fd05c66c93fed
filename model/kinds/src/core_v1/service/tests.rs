//! Services of each type, and the ways from one type to another.
