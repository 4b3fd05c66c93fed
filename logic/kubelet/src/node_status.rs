//! What a node says of itself. What others wrote into its object stays.

mod conditions;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use k8s_openapi::api::coordination::v1::{Lease, LeaseSpec};
use k8s_openapi::api::core::v1::{
    ContainerImage, DaemonEndpoint, Node, NodeAddress, NodeDaemonEndpoints, NodeSpec, NodeStatus,
    NodeSystemInfo,
};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity as Written;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{MicroTime, ObjectMeta, OwnerReference};

use gantry_base::{Quantity, Timestamp};

use crate::container::Amounts;

pub use conditions::Pressure;

/// For how long a lease is good; it is renewed four times as often.
pub const LEASE_SECONDS: i32 = 40;
/// How many images are listed: the object must stay small.
const IMAGES_MAX: usize = 50;

/// What is kept back for everything that is not a pod.
pub type Reserved = Amounts;

/// What a machine is; it changes only by a restart.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Machine {
    /// Processors.
    pub cpus: u32,
    /// Bytes of memory.
    pub memory_bytes: u64,
    /// Bytes of the disk that pods write to.
    pub disk_bytes: u64,
    /// The architecture as images call it, such as `amd64`.
    pub architecture: String,
    /// The kernel's release.
    pub kernel: String,
    /// The distribution, for people.
    pub os_image: String,
    /// See machine-id(5).
    pub machine_id: String,
    /// What the firmware calls the machine.
    pub system_uuid: String,
    /// What this run of the machine is called.
    pub boot_id: String,
    /// Its host name.
    pub host_name: String,
}

/// Everything that a node's object depends on.
#[derive(Clone, Debug)]
pub struct Facts {
    /// This moment.
    pub now: Timestamp,
    /// The node's name.
    pub name: String,
    /// Its own addresses.
    pub addresses: Vec<String>,
    /// The machine.
    pub machine: Machine,
    /// The version of Kubernetes that it announces.
    pub version: String,
    /// The runtime, as `name://version`.
    pub runtime: String,
    /// The port under which its streams are reached.
    pub port: i32,
    /// How many pods may run here.
    pub max_pods: u32,
    /// What is kept back.
    pub reserved: Reserved,
    /// The range of its pods' addresses.
    pub pod_range: String,
    /// Its images: their names and their sizes.
    pub images: Vec<(Vec<String>, u64)>,
    /// What it runs short of.
    pub pressure: Pressure,
    /// Why it is not ready, if it is not.
    pub unready: Option<String>,
}

/// What the node has to give to pods.
#[must_use]
pub fn allocatable(machine: &Machine, reserved: &Reserved) -> Amounts {
    let whole = capacity(machine);
    let less = |whole: Quantity, kept: Quantity| (whole - kept).max(Quantity::ZERO);
    Amounts {
        cpu: less(whole.cpu, reserved.cpu),
        memory: less(whole.memory, reserved.memory),
        storage: less(whole.storage, reserved.storage),
    }
}

fn capacity(machine: &Machine) -> Amounts {
    Amounts {
        cpu: Quantity::units(i64::from(machine.cpus)),
        memory: Quantity::bytes(machine.memory_bytes / 1024 * 1024),
        storage: Quantity::bytes(machine.disk_bytes / 1024 * 1024),
    }
}

/// The object to create when there is none.
#[must_use]
pub fn new_node(facts: &Facts) -> Node {
    let mut node = Node {
        metadata: ObjectMeta {
            name: Some(facts.name.clone()),
            ..ObjectMeta::default()
        },
        ..Node::default()
    };
    claim(&mut node, facts);
    node
}

/// Puts what belongs to the node itself into its object's labels and spec. Whether that changed
/// anything.
pub fn claim(node: &mut Node, facts: &Facts) -> bool {
    let before = (node.metadata.labels.clone(), node.spec.clone());
    let labels = node.metadata.labels.get_or_insert_default();
    let architecture = facts.machine.architecture.as_str();
    for (key, value) in [
        ("beta.kubernetes.io/arch", architecture),
        ("beta.kubernetes.io/os", "linux"),
        ("kubernetes.io/arch", architecture),
        ("kubernetes.io/hostname", facts.name.as_str()),
        ("kubernetes.io/os", "linux"),
    ] {
        labels.insert(key.to_owned(), value.to_owned());
    }
    let spec = node.spec.get_or_insert_with(NodeSpec::default);
    if spec.pod_cidr.is_none() {
        spec.pod_cidr = Some(facts.pod_range.clone());
        spec.pod_cidrs = Some(vec![facts.pod_range.clone()]);
    }
    before != (node.metadata.labels.clone(), node.spec.clone())
}

/// The status that follows from the facts.
#[must_use]
pub fn status(known: &NodeStatus, facts: &Facts) -> NodeStatus {
    let whole = capacity(&facts.machine);
    let left = allocatable(&facts.machine, &facts.reserved);
    NodeStatus {
        addresses: Some(addresses(facts)),
        allocatable: Some(amounts(known.allocatable.as_ref(), &left, facts.max_pods)),
        capacity: Some(amounts(known.capacity.as_ref(), &whole, facts.max_pods)),
        conditions: Some(conditions::conditions(known, facts)),
        daemon_endpoints: Some(NodeDaemonEndpoints {
            kubelet_endpoint: Some(DaemonEndpoint { port: facts.port }),
        }),
        // An empty list is not kept, and would be news at every beat.
        images: Some(images(facts)).filter(|all| !all.is_empty()),
        node_info: Some(info(facts)),
        ..known.clone()
    }
}

/// Whether a status says anything new, besides that the node is still there.
#[must_use]
pub fn is_news(known: &NodeStatus, new: &NodeStatus) -> bool {
    let quiet = |status: &NodeStatus| {
        let mut status = status.clone();
        for condition in status.conditions.iter_mut().flatten() {
            condition.last_heartbeat_time = None;
        }
        status
    };
    quiet(known) != quiet(new)
}

/// The lease as it is after a renewal.
#[must_use]
pub fn lease(known: Option<Lease>, node: &Node, now: Timestamp) -> Lease {
    let name = node.metadata.name.clone();
    let mut lease = known.unwrap_or_default();
    lease.metadata.name.clone_from(&name);
    lease.metadata.namespace = Some("kube-node-lease".to_owned());
    if let Some(uid) = node.metadata.uid.clone() {
        lease.metadata.owner_references = Some(vec![OwnerReference {
            api_version: "v1".to_owned(),
            kind: "Node".to_owned(),
            name: name.clone().unwrap_or_default(),
            uid,
            ..OwnerReference::default()
        }]);
    }
    let spec = lease.spec.get_or_insert_with(LeaseSpec::default);
    spec.holder_identity = name;
    spec.lease_duration_seconds = Some(LEASE_SECONDS);
    spec.renew_time = Some(MicroTime(now));
    lease
}

fn addresses(facts: &Facts) -> Vec<NodeAddress> {
    let internal = facts
        .addresses
        .iter()
        .map(|address| ("InternalIP", address));
    internal
        .chain([("Hostname", &facts.name)])
        .map(|(kind, address)| NodeAddress {
            address: address.clone(),
            type_: kind.to_owned(),
        })
        .collect()
}

/// Our amounts; those that others count out on this node stay.
fn amounts(
    known: Option<&BTreeMap<String, Written>>,
    own: &Amounts,
    pods: u32,
) -> BTreeMap<String, Written> {
    let mut all = known.cloned().unwrap_or_default();
    let mut put = |name: &str, amount: String| all.insert(name.to_owned(), Written(amount));
    put("cpu", own.cpu.to_string());
    put("memory", own.memory.to_string());
    put("ephemeral-storage", own.storage.to_string());
    put("pods", pods.to_string());
    put("hugepages-1Gi", "0".to_owned());
    put("hugepages-2Mi", "0".to_owned());
    all
}

/// The largest images.
fn images(facts: &Facts) -> Vec<ContainerImage> {
    let mut all: Vec<&(Vec<String>, u64)> = facts.images.iter().collect();
    all.sort_by_key(|(names, size)| (std::cmp::Reverse(*size), names));
    let shown = all.into_iter().take(IMAGES_MAX);
    shown
        .map(|(names, size)| ContainerImage {
            names: Some(names.clone()),
            size_bytes: i64::try_from(*size).ok(),
        })
        .collect()
}

fn info(facts: &Facts) -> NodeSystemInfo {
    let machine = facts.machine.clone();
    NodeSystemInfo {
        architecture: machine.architecture,
        boot_id: machine.boot_id,
        container_runtime_version: facts.runtime.clone(),
        kernel_version: machine.kernel,
        kube_proxy_version: String::new(),
        kubelet_version: facts.version.clone(),
        machine_id: machine.machine_id,
        operating_system: "linux".to_owned(),
        os_image: machine.os_image,
        system_uuid: machine.system_uuid,
        ..NodeSystemInfo::default()
    }
}
