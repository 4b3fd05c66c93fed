//! What is known of one pod: what was seen of it, and what is being done for it.

use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;
use std::path::PathBuf;

use k8s_openapi::api::core::v1::Pod;

use gantry_base::Timestamp;

use crate::pace::Pace;
use crate::pod::{Image, Task, Volumes};
use crate::probes::Probes;
use crate::sandbox::{ContainerId, Sandbox};

/// What is known of one pod. Only the agent's state changes it; others may read.
#[derive(Clone, Debug, Default)]
pub struct Known {
    /// Its sandbox as it was last seen.
    pub sandbox: Option<Sandbox>,
    /// Its sandbox is being made: it is not to be used before it is connected.
    pub making: bool,
    /// Its own address; none before it has one, and with the host's network.
    pub address: Option<Ipv4Addr>,
    /// What is being done at the moment.
    pub under_way: BTreeSet<Task>,
    /// How far its volumes are.
    pub volumes: Volumes,
    /// The volumes that are in place.
    pub mounted: Option<Mounted>,
    /// How often in a row putting them in place failed.
    pub mount_failures: u32,
    /// How far the images are, by container, each with the name that was asked for.
    pub images: BTreeMap<String, (String, Image)>,
    /// How often in a row getting an image failed, by container.
    pub pull_failures: BTreeMap<String, u32>,
    /// Why containers could not be made, by name; told until it is tried again.
    pub start_errors: BTreeMap<String, String>,
    /// The probes of running containers.
    pub probes: BTreeMap<ContainerId, Probes>,
    /// What has to wait since it failed.
    pub pace: Pace,
    /// When containers that are being stopped will have ended.
    pub stopping: BTreeMap<ContainerId, Timestamp>,
}

/// Volumes that are in place.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mounted {
    /// What they were made from.
    pub fingerprint: u64,
    /// Where they are, by name.
    pub places: BTreeMap<String, PathBuf>,
    /// When a token among them has to be renewed.
    pub renew_at: Option<Timestamp>,
}

impl Known {
    /// The pod's addresses: its own, or the node's.
    pub(super) fn addresses(&self, pod: &Pod, host: &[String]) -> Vec<String> {
        match self.address {
            _ if uses_host_network(pod) => host.to_vec(),
            Some(address) => vec![address.to_string()],
            None => Vec::new(),
        }
    }
}

/// Whether the pod has no address of its own.
pub(super) fn uses_host_network(pod: &Pod) -> bool {
    let spec = pod.spec.as_ref();
    spec.is_some_and(|spec| spec.host_network == Some(true))
}
