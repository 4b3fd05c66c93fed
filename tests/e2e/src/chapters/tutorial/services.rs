//! A port of the node that leads to pods.

use std::net::{Ipv4Addr, SocketAddr};

use anyhow::{Result, ensure};

use super::single_pods::POD;
use crate::harness::{Cluster, get, until};

/// The tutorial's service, slip included.
const SERVICE: &str = "\
apiVersion: v1
kind: Service
metadata:
    name: myapp-service
spec:
    type: NodePort
    ports:
        - targetPort: 80
          port: 80
          NodePort: 30008
    selector:
        app: myapp
        type: front-end
";

/// The slip is refused with a suggestion; corrected, the port answers.
pub(crate) fn node_port(cluster: &Cluster<'_>) -> Result<()> {
    let complaint = cluster.refused("create -f -", SERVICE)?;
    for part in ["NodePort", "nodePort"] {
        ensure!(complaint.contains(part), "find {part} in {complaint}");
    }
    cluster.k_with("create -f -", POD)?;
    cluster.k_with(
        "create -f -",
        &SERVICE.replace("NodePort: 30008", "nodePort: 30008"),
    )?;
    cluster.ready("myapp-pod")?;
    let node: Ipv4Addr = cluster.node_address()?.parse()?;
    for host in [Ipv4Addr::LOCALHOST, node] {
        let address = SocketAddr::from((host, 30008));
        let page = until("the port answers", || get(address, "/"))?;
        ensure!(page == "first\n", "get the page, not {page:?}");
    }
    for words in [
        "get svc",
        "get service myapp-service",
        "describe svc myapp-service",
    ] {
        let said = cluster.k(words)?;
        ensure!(
            said.contains("30008"),
            "find the port in what `{words}` says: {said}"
        );
    }
    let urls = cluster.gantry("service myapp-service --url")?.ok()?;
    ensure!(
        urls.lines().all(|url| url.starts_with("http://")),
        "get addresses: {urls}"
    );
    ensure!(urls.contains(":30008"), "get the port: {urls}");
    cluster.k("delete service myapp-service")?;
    cluster.k("delete pod myapp-pod")?;
    cluster.gone("pod myapp-pod")
}
