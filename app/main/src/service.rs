//! `gantry service`: the addresses of a service, each tried before it is shown.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use k8s_openapi::api::core::v1::{Service, ServicePort};
use tokio::net::TcpStream;

use gantry_client::kubeconfig::Overrides;
use gantry_client::{Call, Kubeconfig, Remote};

use crate::cluster::Cluster;
use crate::options::{Service as Options, Which};
use crate::{address, output};

/// How long an address may take to answer.
const PATIENCE: Duration = Duration::from_secs(2);
/// How long a service may take until something answers.
const STARTUP: Duration = Duration::from_secs(30);
const LOOK_AGAIN: Duration = Duration::from_millis(100);

/// Prints the addresses that answer.
pub(crate) async fn run(which: &Which, options: &Options) -> Result<()> {
    let cluster = Cluster::existing(which)?;
    let urls = working_urls(&cluster, &options.namespace, &options.service).await?;
    if !options.url {
        output::line(format!(
            "The service {}/{} answers at:",
            options.namespace, options.service
        ));
    }
    for url in urls {
        output::line(if options.url { url } else { format!("  {url}") });
    }
    Ok(())
}

/// The service's addresses on this machine that accept connections, waiting a while for the first.
pub(crate) async fn working_urls(
    cluster: &Cluster,
    namespace: &str,
    name: &str,
) -> Result<Vec<String>> {
    let client = client(cluster)?;
    let path = format!("/api/v1/namespaces/{namespace}/services/{name}");
    let answer = client
        .send(Call::get(&path))
        .await
        .with_context(|| format!("read the service {namespace}/{name}"))?;
    let service: Service =
        serde_json::from_slice(&answer.content).context("read the server's answer")?;
    let ports = node_ports(&service);
    if ports.is_empty() {
        bail!(
            "the service {namespace}/{name} has no node port, so it is reached from inside only: \
             make it one with `kubectl patch service {name} -p '{{\"spec\":{{\"type\":\"NodePort\"}}}}'`"
        );
    }
    let begun = Instant::now();
    loop {
        let mut working = Vec::new();
        for port in &ports {
            for host in [Ipv4Addr::LOCALHOST, address::primary()] {
                let target = SocketAddr::from((host, port.number));
                if matches!(
                    tokio::time::timeout(PATIENCE, TcpStream::connect(target)).await,
                    Ok(Ok(_))
                ) {
                    working.push(format!("{}://{target}", port.scheme));
                }
            }
        }
        if !working.is_empty() {
            return Ok(working);
        }
        if begun.elapsed() > STARTUP {
            bail!(
                "no address of the service {namespace}/{name} answers: has it ready pods? `kubectl get endpointslices -l kubernetes.io/service-name={name}` tells"
            );
        }
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}

struct NodePort {
    scheme: &'static str,
    number: u16,
}

fn node_ports(service: &Service) -> Vec<NodePort> {
    let ports = service
        .spec
        .iter()
        .flat_map(|spec| spec.ports.iter().flatten());
    let tcp = ports.filter(|port| port.protocol.as_deref() != Some("UDP"));
    let port = |port: &ServicePort| {
        let number = u16::try_from(port.node_port?).ok()?;
        let secure = port.port == 443 || port.name.as_deref() == Some("https");
        Some(NodePort {
            scheme: if secure { "https" } else { "http" },
            number,
        })
    };
    tcp.filter_map(port).collect()
}

/// The API of this cluster, as its administrator sees it.
pub(crate) fn client(cluster: &Cluster) -> Result<Remote> {
    let path = cluster.kubeconfig();
    let config =
        Kubeconfig::load(Some(&path)).with_context(|| format!("read {}", path.display()))?;
    let endpoint = config
        .endpoint(&Overrides::default())
        .context("find the API server")?;
    Remote::new(endpoint, "gantry").context("prepare to ask the API server")
}
