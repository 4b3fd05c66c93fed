//! `create deployment`.

use clap::Args;
use serde_json::{Value, json};

use super::How;
use crate::failure::{Failure, said};

/// Create a deployment with the specified name
#[derive(Args, Debug)]
pub(super) struct Deployment {
    /// The name
    name: String,
    /// Image names to run; one container for each
    #[arg(long, required = true)]
    image: Vec<String>,
    /// Number of replicas to create
    #[arg(short, long, default_value_t = 1)]
    replicas: i32,
    /// The containerPort that this deployment exposes
    #[arg(long)]
    port: Option<u16>,
    #[command(flatten)]
    pub(super) how: How,
    /// The command of the container
    #[arg(last = true)]
    command: Vec<String>,
}

impl Deployment {
    pub(super) fn object(&self) -> Result<Value, Failure> {
        if self.image.len() > 1 && !self.command.is_empty() {
            return said("cannot specify multiple --image options and command");
        }
        if self.replicas < 0 {
            return said(format!(
                "--replicas must not be negative, got {}",
                self.replicas
            ));
        }
        let labels = json!({"app": self.name});
        let containers: Vec<Value> = self
            .image
            .iter()
            .map(|image| self.container(image))
            .collect();
        Ok(json!({
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": self.name, "creationTimestamp": null, "labels": labels},
            "spec": {
                "replicas": self.replicas,
                "selector": {"matchLabels": labels},
                "strategy": {},
                "template": {
                    "metadata": {"creationTimestamp": null, "labels": labels},
                    "spec": {"containers": containers},
                },
            },
            "status": {},
        }))
    }

    fn container(&self, image: &str) -> Value {
        let mut container = json!({"name": name_of(image), "image": image, "resources": {}});
        if let Some(port) = self.port {
            container["ports"] = json!([{"containerPort": port}]);
        }
        if !self.command.is_empty() {
            container["command"] = json!(self.command);
        }
        container
    }
}

/// A name for the container of an image: the last part, without tag and digest.
fn name_of(image: &str) -> String {
    let last = image.rsplit('/').next().unwrap_or(image);
    let bare = last.split(['@', ':']).next().unwrap_or(last);
    let letters = bare.to_lowercase();
    letters
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '-' })
        .collect()
}
