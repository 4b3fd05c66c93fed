//! What a kind's schema can do to a value.
