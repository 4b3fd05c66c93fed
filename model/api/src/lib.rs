//! Objects on the wire and in memory: how they are addressed, encoded, refused, watched and shown.
//!
//! No kind is named outside `views`, which holds typed accessors for the kinds that deciding code
//! reads. This crate decides nothing and opens nothing.

pub mod caller;
pub mod encoded;
pub mod field_error;
pub mod jsonpath;
pub mod key;
pub mod object;
pub mod status;
pub mod table;
mod unmanaged;
pub mod views;
pub mod watch;
pub mod yaml;

pub use caller::Caller;
pub use encoded::Encoded;
pub use field_error::{FieldError, FieldErrors};
pub use key::{GroupKind, GroupResource, GroupVersion, ObjectKey, Revision};
pub use object::Object;
pub use status::Rejection;
