//! `create configmap`.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use clap::Args;
use serde_json::{Value, json};

use super::How;
use super::sources::Sources;
use crate::failure::Failure;

/// Create a config map from a local file, directory or literal value
#[derive(Args, Debug)]
pub(super) struct ConfigMap {
    /// The name
    name: String,
    #[command(flatten)]
    sources: Sources,
    #[command(flatten)]
    pub(super) how: How,
}

impl ConfigMap {
    pub(super) fn object(&self) -> Result<Value, Failure> {
        let mut object = json!({
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": self.name, "creationTimestamp": null},
        });
        for (key, content) in self.sources.read()? {
            match String::from_utf8(content) {
                Ok(text) => object["data"][key] = json!(text),
                Err(error) => object["binaryData"][key] = json!(STANDARD.encode(error.as_bytes())),
            }
        }
        Ok(object)
    }
}
