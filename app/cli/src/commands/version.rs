//! `version`: of this program and of the server.

use clap::Args;
use serde_json::json;

use crate::failure::{Failure, said};
use crate::fields::text;
use crate::print::json::pretty;
use crate::session::Session;

/// The version of Kubernetes that this program speaks.
const SPOKEN: &str = "v1.35.0";
const KUSTOMIZE: &str = "none (kustomizations are not supported yet)";

/// Print the client and server version information
#[derive(Args, Debug)]
pub(crate) struct Version {
    /// If true, shows client version only
    #[arg(long)]
    client: bool,
    /// One of 'yaml' or 'json'
    #[arg(short, long)]
    output: Option<String>,
}

impl Version {
    pub(crate) async fn run(self, session: &Session) -> Result<(), Failure> {
        let gantry = env!("CARGO_PKG_VERSION");
        let own = format!("{SPOKEN}+gantry-{gantry}");
        let mut all = json!({
            "clientVersion": {"gitVersion": own, "major": "1", "minor": "35", "platform": platform()},
            "kustomizeVersion": KUSTOMIZE,
        });
        let server = if self.client {
            None
        } else {
            Some(session.get("/version").await)
        };
        let (server, failure) = match server {
            Some(Ok(server)) => (Some(server), None),
            Some(Err(failure)) => (None, Some(failure)),
            None => (None, None),
        };
        if let Some(server) = &server {
            all["serverVersion"] = server.clone();
        }
        match self.output.as_deref() {
            None => {
                session.out.line(format!(
                    "Client Version: {own}\nKustomize Version: {KUSTOMIZE}"
                ))?;
                if let Some(server) = &server {
                    session
                        .out
                        .line(format!("Server Version: {}", text(server, "gitVersion")))?;
                }
            }
            Some("json") => session.out.write(pretty(&all))?,
            Some("yaml") => session.out.write(gantry_api::yaml::write(&all))?,
            Some(_) => return said("--output must be 'yaml' or 'json'"),
        }
        failure.map_or(Ok(()), Err)
    }
}

fn platform() -> String {
    let machine = match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    };
    format!("{}/{machine}", std::env::consts::OS)
}
