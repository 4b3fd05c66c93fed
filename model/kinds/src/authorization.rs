//! Questions about who may do what. They are answered, never stored.

mod reviews;

pub use reviews::{
    LocalSubjectAccessReviews, SelfSubjectAccessReviews, SelfSubjectRulesReviews,
    SubjectAccessReviews,
};
