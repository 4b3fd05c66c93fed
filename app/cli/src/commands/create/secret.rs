//! `create secret`.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::How;
use super::sources::Sources;
use crate::failure::Failure;
use crate::session::Session;

/// Create a secret using a specified subcommand
#[derive(Args, Debug)]
pub(super) struct Secret {
    #[command(subcommand)]
    kind: Kind,
}

#[derive(Debug, Subcommand)]
enum Kind {
    /// Create a secret from a local file, directory, or literal value
    Generic(Generic),
}

#[derive(Args, Debug)]
struct Generic {
    /// The name
    name: String,
    /// The type of secret to create
    #[arg(long = "type")]
    secret_type: Option<String>,
    #[command(flatten)]
    sources: Sources,
    #[command(flatten)]
    how: How,
}

impl Secret {
    pub(super) async fn run(self, session: &Session) -> Result<(), Failure> {
        let Kind::Generic(generic) = self.kind;
        generic.how.generate(session, generic.object()?).await
    }
}

impl Generic {
    fn object(&self) -> Result<Value, Failure> {
        let mut object = json!({
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": self.name, "creationTimestamp": null},
        });
        if let Some(secret_type) = &self.secret_type {
            object["type"] = json!(secret_type);
        }
        for (key, content) in self.sources.read()? {
            object["data"][key] = json!(STANDARD.encode(content));
        }
        Ok(object)
    }
}
