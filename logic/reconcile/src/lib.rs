//! The vocabulary of the one loop.
