//! What a kind's schema can do to a value: decode it strictly, patch it, merge it by field
//! ownership, prune it, validate it.
//!
//! Everything works on JSON trees and is driven by a [`Schema`]; no kind is named in code. The
//! facts about built-in kinds are a generated table. This crate reads no clock: times are
//! arguments.

pub mod constraints;
pub mod decode;
pub mod default;
pub mod encode;
mod facts;
pub mod former;
pub mod limits;
pub mod merge;
pub mod patch;
pub mod pattern;
mod proto;
pub mod prune;

pub mod schema;
mod trail;
pub mod validate;

pub use constraints::Constraints;
pub use decode::{Decoded, Document, Finding, Format};
pub use former::Former;

pub use merge::{FieldSet, ManagedFields};
pub use schema::{Field, KindType, Schema, Shape, TypeRef};
pub use trail::Trail;
