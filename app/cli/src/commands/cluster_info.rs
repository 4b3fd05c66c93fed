//! `cluster-info`: where the cluster answers.

use std::io::IsTerminal;

use crate::failure::Failure;
use crate::fields::{items, number, text};
use crate::objects;
use crate::session::Session;
use gantry_client::paths::Query;

pub(crate) async fn run(session: &Session) -> Result<(), Failure> {
    // Whether anybody answers is the first thing that users want to know.
    let services = session.discovery().await?.of_kind("v1", "Service").cloned();
    let url = session.remote().await?.endpoint().url();
    running(session, "Kubernetes control plane", &url)?;
    if let Some(resource) = services {
        let query = Query::default().with("labelSelector", "kubernetes.io/cluster-service=true");
        for found in objects::list(session, &resource, "kube-system", &query).await? {
            let ports = items(&found.object, "spec.ports");
            let Some(port) = ports.first() else { continue };
            let port = match text(port, "name") {
                "" => number(port, "port").to_string(),
                name => name.to_owned(),
            };
            let labels = &found.object["metadata"]["labels"];
            let label = labels["kubernetes.io/name"]
                .as_str()
                .unwrap_or(found.name());
            running(
                session,
                label,
                &format!("{url}{}:{port}/proxy", found.path()),
            )?;
        }
    }
    session
        .out
        .line("\nTo further debug and diagnose cluster problems, use 'kubectl cluster-info dump'.")
}

fn running(session: &Session, what: &str, url: &str) -> Result<(), Failure> {
    if std::io::stdout().is_terminal() {
        session.out.line(format!(
            "\x1b[0;32m{what}\x1b[0m is running at \x1b[0;33m{url}\x1b[0m"
        ))
    } else {
        session.out.line(format!("{what} is running at {url}"))
    }
}
