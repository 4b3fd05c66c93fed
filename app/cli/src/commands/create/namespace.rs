//! `create namespace`.

use clap::Args;
use serde_json::{Value, json};

use super::How;

/// Create a namespace with the specified name
#[derive(Args, Debug)]
pub(super) struct Namespace {
    /// The name
    name: String,
    #[command(flatten)]
    pub(super) how: How,
}

impl Namespace {
    pub(super) fn object(&self) -> Value {
        json!({
            "apiVersion": "v1",
            "kind": "Namespace",
            "metadata": {"name": self.name, "creationTimestamp": null},
            "spec": {},
            "status": {},
        })
    }
}
