//! `create serviceaccount`.

use clap::Args;
use serde_json::{Value, json};

use super::How;

/// Create a service account with the specified name
#[derive(Args, Debug)]
pub(super) struct ServiceAccount {
    /// The name
    name: String,
    #[command(flatten)]
    pub(super) how: How,
}

impl ServiceAccount {
    pub(super) fn object(&self) -> Value {
        json!({
            "apiVersion": "v1",
            "kind": "ServiceAccount",
            "metadata": {"name": self.name, "creationTimestamp": null},
        })
    }
}
