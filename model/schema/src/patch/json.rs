//! JSON patch (RFC 6902), with bounds on what copies and moves can build.

use json_patch::PatchOperation;
use serde_json::Value;

use super::PatchError;
use crate::limits;

/// Applies a list of operations, all or none.
pub fn json(mut target: Value, patch: Value) -> Result<Value, PatchError> {
    let count = patch.as_array().map_or(0, Vec::len);
    if count > limits::PATCH_OPERATIONS_MAX {
        return Err(PatchError::TooManyOperations { count });
    }
    let operations: Vec<PatchOperation> =
        serde_json::from_value(patch).map_err(PatchError::NotOperations)?;
    let mut moved = 0;
    for (index, operation) in operations.iter().enumerate() {
        moved += growth(&target, operation, index)?;
        if moved > limits::PATCH_BYTES_MAX {
            return Err(PatchError::TooMuchCopied { index });
        }
        if tells_absence(&target, operation) {
            continue;
        }
        let one = std::slice::from_ref(operation);
        json_patch::patch_unsafe(&mut target, one).map_err(|error| PatchError::Operation {
            index,
            path: error.path.to_string(),
            source: error.kind,
        })?;
    }
    Ok(target)
}

/// Whether this tests for null what is not there, but could be. RFC 6902 would fail; the original
/// holds it true, and clients rely on it: they test a field for null before they add it.
fn tells_absence(target: &Value, operation: &PatchOperation) -> bool {
    let PatchOperation::Test(test) = operation else {
        return false;
    };
    let parent = test.path.split_back().map(|(parent, _)| parent);
    test.value.is_null()
        && target.pointer(test.path.as_str()).is_none()
        && parent.is_some_and(|parent| {
            target
                .pointer(parent.as_str())
                .is_some_and(Value::is_object)
        })
}

/// The bytes that an operation puts elsewhere, once it is known not to nest too deeply.
fn growth(target: &Value, operation: &PatchOperation, index: usize) -> Result<usize, PatchError> {
    let (value, is_new) = match operation {
        PatchOperation::Add(add) => (Some(&add.value), true),
        PatchOperation::Replace(replace) => (Some(&replace.value), true),
        PatchOperation::Copy(copy) => (target.pointer(copy.from.as_str()), false),
        PatchOperation::Move(from) => (target.pointer(from.from.as_str()), false),
        PatchOperation::Remove(_) | PatchOperation::Test(_) => (None, false),
    };
    let Some(value) = value else { return Ok(0) };
    let size = Size::of(value);
    if operation.path().count() + size.depth > limits::DEPTH_MAX {
        return Err(PatchError::TooDeep { index });
    }
    // New values came with the body, which is bounded.
    Ok(if is_new { 0 } else { size.bytes })
}

struct Size {
    bytes: usize,
    depth: usize,
}

impl Size {
    fn of(value: &Value) -> Self {
        match value {
            Value::Null | Value::Bool(_) | Value::Number(_) => Self { bytes: 8, depth: 0 },
            Value::String(text) => Self {
                bytes: text.len() + 2,
                depth: 0,
            },
            Value::Array(items) => Self::around(items.iter().map(Self::of)),
            Value::Object(map) => Self::around(map.iter().map(|(key, value)| {
                let inner = Self::of(value);
                Self {
                    bytes: inner.bytes + key.len() + 3,
                    ..inner
                }
            })),
        }
    }

    fn around(inner: impl Iterator<Item = Self>) -> Self {
        inner.fold(Self { bytes: 2, depth: 1 }, |sum, one| Self {
            bytes: sum.bytes + one.bytes,
            depth: sum.depth.max(one.depth + 1),
        })
    }
}
