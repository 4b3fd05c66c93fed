//! What a node's pods depend on and that stays the same for as long as the agent runs.

use std::path::PathBuf;

use k8s_openapi::api::core::v1::Pod;

use gantry_reconcile::View;

use crate::container::{Amounts, Surroundings};

/// The facts of a node that its pods depend on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Around {
    /// The node's addresses as the API shows them, the one that others should use first.
    pub host_addresses: Vec<String>,
    /// What the node has to give to pods.
    pub allocatable: Amounts,
    /// Where profiles for system calls are kept.
    pub seccomp_dir: PathBuf,
}

impl Around {
    /// What a pod's containers and volumes depend on.
    #[must_use]
    pub fn surroundings<'a>(
        &'a self,
        pod: &'a Pod,
        view: &'a View,
        addresses: &'a [String],
    ) -> Surroundings<'a> {
        Surroundings {
            pod,
            view,
            addresses,
            host_addresses: &self.host_addresses,
            allocatable: &self.allocatable,
            seccomp_dir: &self.seccomp_dir,
        }
    }
}
