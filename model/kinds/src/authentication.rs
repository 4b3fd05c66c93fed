//! Questions about who somebody is. They are answered, never stored.

mod reviews;

pub use reviews::{SelfSubjectReviews, TokenReviews};
