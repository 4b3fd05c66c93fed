//! What a deployment gets, and what it may not be.
