//! The names and addresses that the server's certificate answers to.

use std::net::{IpAddr, Ipv4Addr};

/// Under which names clients reach the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerNames {
    /// The first address of the service range: what pods call `kubernetes`.
    pub service_address: IpAddr,
    /// The addresses of the machine.
    pub addresses: Vec<IpAddr>,
    /// Whatever else an operator wants, names or addresses.
    pub extra: Vec<String>,
}

/// What every server of a cluster is called.
const ALWAYS: [&str; 5] = [
    "kubernetes",
    "kubernetes.default",
    "kubernetes.default.svc",
    "kubernetes.default.svc.cluster.local",
    "localhost",
];

impl ServerNames {
    /// All names, sorted, each once, as they stand in the certificate.
    pub(crate) fn all(&self) -> Vec<String> {
        let loopback = IpAddr::V4(Ipv4Addr::LOCALHOST);
        let addresses = self
            .addresses
            .iter()
            .chain([&self.service_address, &loopback]);
        let mut all: Vec<String> = addresses.map(IpAddr::to_string).collect();
        all.extend(ALWAYS.map(str::to_owned));
        all.extend(self.extra.iter().cloned());
        all.sort();
        all.dedup();
        all
    }
}
