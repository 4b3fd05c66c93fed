//! What is noted about a request while it is decided, for those who write down what was asked.

use std::collections::BTreeMap;

/// Names and texts, such as which policy a pod would have violated.
pub type Notes = BTreeMap<String, String>;
