//! Typed views: small questions that deciding code asks of the k8s-openapi types.
//!
//! Defaults were filled in on the way in; a view says what is always there and never guesses.

pub mod amounts;
pub mod meta;
pub mod pod;

pub use meta::Meta;
pub use pod::PodView;
