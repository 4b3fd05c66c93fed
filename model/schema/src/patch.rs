//! The three kinds of patch: JSON patch, JSON merge patch and strategic merge patch.
//!
//! A patch works on trees and knows no kinds; the strategic one asks the schema how lists merge.
//! The result is not checked against the schema: [`crate::decode::value`] does that afterwards. A
//! patch that fails leaves nothing half done, because the object is given and returned by value.

mod directives;
mod json;
mod order;
mod strategic;

#[cfg(test)]
mod tests;

use gantry_base::FieldPath;
use serde_json::Value;

pub use json::json;
pub use strategic::strategic;

use crate::limits;

/// Why a patch could not be applied.
#[derive(Debug, thiserror::Error)]
pub enum PatchError {
    /// The body is not a list of operations.
    #[error("read the list of operations")]
    NotOperations(#[source] serde_json::Error),
    /// There are more operations than [`limits::PATCH_OPERATIONS_MAX`].
    #[error(
        "apply {count} operations: the allowed maximum operations in a JSON patch is {}",
        limits::PATCH_OPERATIONS_MAX
    )]
    TooManyOperations {
        /// How many there are.
        count: usize,
    },
    /// An operation does not apply to this object.
    #[error("apply operation {index} at {path:?}")]
    Operation {
        /// Which one, counted from 0.
        index: usize,
        /// The JSON pointer it names.
        path: String,
        /// What is wrong.
        source: json_patch::PatchErrorKind,
    },
    /// The operations copy or move more than [`limits::PATCH_BYTES_MAX`] bytes.
    #[error(
        "apply operation {index}: more than {} bytes would be copied",
        limits::PATCH_BYTES_MAX
    )]
    TooMuchCopied {
        /// Which one, counted from 0.
        index: usize,
    },
    /// The operations nest values deeper than [`limits::DEPTH_MAX`].
    #[error(
        "apply operation {index}: values would be nested deeper than {}",
        limits::DEPTH_MAX
    )]
    TooDeep {
        /// Which one, counted from 0.
        index: usize,
    },
    /// A directive of a strategic merge patch makes no sense.
    #[error("merge {path}: {detail}")]
    Directive {
        /// The field it stands at.
        path: FieldPath,
        /// What is wrong with it.
        detail: String,
    },
}

/// Applies a JSON merge patch (RFC 7396): objects are merged, `null` deletes, the rest replaces.
#[must_use]
pub fn merge(mut target: Value, patch: &Value) -> Value {
    json_patch::merge(&mut target, patch);
    target
}
