//! `create service`.

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::How;
use crate::failure::{Failure, said};
use crate::session::Session;

/// Create a service using a specified subcommand
#[derive(Args, Debug)]
pub(super) struct Service {
    #[command(subcommand)]
    kind: Kind,
}

#[derive(Debug, Subcommand)]
enum Kind {
    /// Create a service with an address inside the cluster
    Clusterip(ClusterIp),
    /// Create a service with a port on every node
    Nodeport(NodePort),
}

#[derive(Args, Debug)]
struct Ports {
    /// The name
    name: String,
    /// Port pairs: `PORT:TARGET`
    #[arg(long, value_delimiter = ',')]
    tcp: Vec<String>,
    #[command(flatten)]
    how: How,
}

#[derive(Args, Debug)]
struct ClusterIp {
    #[command(flatten)]
    ports: Ports,
    /// Assign your own cluster address, or 'None' for a headless service
    #[arg(long)]
    clusterip: Option<String>,
}

#[derive(Args, Debug)]
struct NodePort {
    #[command(flatten)]
    ports: Ports,
    /// The port on every node
    #[arg(long)]
    node_port: Option<u16>,
}

impl Service {
    pub(super) async fn run(self, session: &Session) -> Result<(), Failure> {
        match self.kind {
            Kind::Clusterip(service) => {
                let is_headless = service.clusterip.as_deref() == Some("None");
                let mut object = service.ports.object("ClusterIP", is_headless)?;
                if let Some(address) = &service.clusterip {
                    object["spec"]["clusterIP"] = json!(address);
                }
                service.ports.how.generate(session, object).await
            }
            Kind::Nodeport(service) => {
                let mut object = service.ports.object("NodePort", false)?;
                if let Some(port) = service.node_port {
                    for entry in object["spec"]["ports"].as_array_mut().into_iter().flatten() {
                        entry["nodePort"] = json!(port);
                    }
                }
                service.ports.how.generate(session, object).await
            }
        }
    }
}

impl Ports {
    fn object(&self, service_type: &str, portless: bool) -> Result<Value, Failure> {
        if self.tcp.is_empty() && !portless {
            return said("at least one tcp port specifier must be provided");
        }
        let ports: Result<Vec<Value>, Failure> = self.tcp.iter().map(|pair| port(pair)).collect();
        let labels = json!({"app": self.name});
        let mut object = json!({
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": self.name, "creationTimestamp": null, "labels": labels},
            "spec": {"selector": labels, "type": service_type},
            "status": {"loadBalancer": {}},
        });
        let ports = ports?;
        if !ports.is_empty() {
            object["spec"]["ports"] = Value::Array(ports);
        }
        Ok(object)
    }
}

fn port(pair: &str) -> Result<Value, Failure> {
    let (port, target) = pair.split_once(':').unwrap_or((pair, pair));
    let Ok(number) = port.parse::<u16>() else {
        return said(format!("{port:?} is not a port number"));
    };
    let target = target
        .parse::<u16>()
        .map_or_else(|_| json!(target), |target| json!(target));
    let name = pair.replace(':', "-");
    Ok(json!({"name": name, "port": number, "protocol": "TCP", "targetPort": target}))
}
