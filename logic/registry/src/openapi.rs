//! Published schemas.
