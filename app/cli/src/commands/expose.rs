//! `expose`: a service for the pods of something.

use clap::Args;
use serde_json::{Value, json};

use super::create::How;
use crate::failure::{Failure, said};
use crate::fields::{items, number};
use crate::objects::Found;
use crate::selection::Selection;
use crate::session::Session;

/// Expose a resource as a new Kubernetes service
#[derive(Args, Debug)]
pub(crate) struct Expose {
    #[command(flatten)]
    selection: ExposeSelection,
    /// The port that the service should serve on
    #[arg(long)]
    port: Option<String>,
    /// Name or number for the port on the container that the service should direct traffic to
    #[arg(long)]
    target_port: Option<String>,
    /// The network protocol for the service to be created
    #[arg(long, default_value = "TCP")]
    protocol: String,
    /// Type for this service: ClusterIP, NodePort, LoadBalancer, or ExternalName
    #[arg(long = "type")]
    service_type: Option<String>,
    /// The name for the newly created object
    #[arg(long)]
    name: Option<String>,
    /// A label selector to use for this service
    #[arg(long, value_delimiter = ',')]
    selector: Vec<String>,
    /// Labels to apply to the service created by this call
    #[arg(short, long, value_delimiter = ',')]
    labels: Vec<String>,
    /// ClusterIP to be assigned to the service; 'None' for a headless service
    #[arg(long)]
    cluster_ip: Option<String>,
    /// Additional external address to accept for the service
    #[arg(long)]
    external_ip: Option<String>,
    #[command(flatten)]
    how: How,
}

/// What to expose: no label selection here, `-l` means labels.
#[derive(Args, Clone, Debug)]
struct ExposeSelection {
    /// TYPE NAME, or TYPE/NAME
    #[arg(value_name = "TYPE")]
    targets: Vec<String>,
    #[command(flatten)]
    files: crate::manifest::Files,
}

impl Expose {
    pub(crate) async fn run(self, session: &Session) -> Result<(), Failure> {
        let selection = Selection {
            targets: self.selection.targets.clone(),
            files: self.selection.files.clone(),
            ..Selection::default()
        };
        for found in selection.objects(session).await? {
            let service = self.service(&found)?;
            self.how.generate_as(session, service, "exposed").await?;
        }
        Ok(())
    }

    fn service(&self, found: &Found) -> Result<Value, Failure> {
        let selector = self.selector(found)?;
        let ports = self.ports(found)?;
        let mut labels = found.object["metadata"]["labels"].clone();
        if !self.labels.is_empty() {
            labels = map(&self.labels)?;
        }
        let mut service = json!({
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"creationTimestamp": null, "name": self.name.as_deref().unwrap_or(found.name())},
            "spec": {"ports": ports, "selector": selector},
            "status": {"loadBalancer": {}},
        });
        if labels.is_object() {
            service["metadata"]["labels"] = labels;
        }
        let optional = [
            ("type", &self.service_type),
            ("clusterIP", &self.cluster_ip),
        ];
        for (field, value) in optional {
            if let Some(value) = value {
                service["spec"][field] = json!(value);
            }
        }
        if let Some(address) = &self.external_ip {
            service["spec"]["externalIPs"] = json!([address]);
        }
        Ok(service)
    }

    fn selector(&self, found: &Found) -> Result<Value, Failure> {
        if !self.selector.is_empty() {
            return map(&self.selector);
        }
        let spec = &found.object["spec"];
        if !items(&found.object, "spec.selector.matchExpressions").is_empty() {
            return said(
                "couldn't retrieve selectors via --selector flag or introspection: cannot convert set-based selectors",
            );
        }
        let labels = &found.object["metadata"]["labels"];
        let candidates = [&spec["selector"]["matchLabels"], &spec["selector"], labels];
        let found_labels = candidates
            .into_iter()
            .find(|labels| labels.as_object().is_some_and(|map| !map.is_empty()));
        found_labels.cloned().ok_or_else(|| {
            Failure::Said(format!("couldn't retrieve selectors via --selector flag or introspection: {} has no labels and cannot be exposed", found.label()))
        })
    }

    fn ports(&self, found: &Found) -> Result<Vec<Value>, Failure> {
        let mut numbers: Vec<i64> = Vec::new();
        if let Some(list) = &self.port {
            for port in list.split(',') {
                let Ok(number) = port.parse::<u16>() else {
                    return said(format!("{port:?} is not a port number"));
                };
                numbers.push(i64::from(number));
            }
        } else {
            numbers.extend(ports_of(&found.object));
        }
        if numbers.is_empty() {
            return said(
                "couldn't find port via --port flag or introspection\nSee 'kubectl expose -h' for help and examples",
            );
        }
        let many = numbers.len() > 1;
        let ports = numbers.iter().enumerate().map(|(index, number)| {
            let target = self.target_port.as_ref().map_or(json!(number), |target| {
                target
                    .parse::<u16>()
                    .map_or_else(|_| json!(target), |target| json!(target))
            });
            let mut port = json!({"port": number, "protocol": self.protocol, "targetPort": target});
            if many {
                port["name"] = json!(format!("port-{}", index + 1));
            }
            port
        });
        Ok(ports.collect())
    }
}

/// The ports that something already has: a service's own, or its containers'.
fn ports_of(object: &Value) -> Vec<i64> {
    let own = items(object, "spec.ports")
        .iter()
        .map(|port| number(port, "port"));
    let paths = ["spec.containers", "spec.template.spec.containers"];
    let containers = paths.iter().flat_map(|path| items(object, path));
    let theirs = containers.flat_map(|container| items(container, "ports"));
    own.chain(theirs.map(|port| number(port, "containerPort")))
        .collect()
}

fn map(pairs: &[String]) -> Result<Value, Failure> {
    let mut map = json!({});
    for pair in pairs {
        let Some((key, value)) = pair.split_once('=') else {
            return said(format!("unexpected label spec: {pair}"));
        };
        map[key] = json!(value);
    }
    Ok(map)
}
