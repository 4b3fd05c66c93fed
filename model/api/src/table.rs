//! Tables as clients show them: the wire form of `meta.k8s.io/v1 Table`.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The head of one column.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ColumnDefinition {
    /// The heading.
    pub name: String,
    /// `string`, `integer`, `boolean`, `number` or `date`.
    #[serde(rename = "type")]
    pub data_type: String,
    /// `name` for the column that names the object; else empty.
    pub format: String,
    /// One sentence on what it shows.
    pub description: String,
    /// Zero is always shown; the rest only in wide output.
    pub priority: i32,
}

/// One object's row.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// One value per column.
    pub cells: Vec<Value>,
    /// What is to be said of the row as a whole.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<RowCondition>,
    /// The object, or its metadata.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub object: Value,
}

/// A remark on a row, such as that its object has completed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowCondition {
    /// `Completed`.
    #[serde(rename = "type")]
    pub condition: String,
    /// `True` or `False`.
    pub status: String,
    /// One word on why.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// A sentence on why.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub message: String,
}
