//! One node with what runs on it, kept so that a pod comes and goes without counting all others.

use std::collections::BTreeMap;
use std::sync::Arc;

use k8s_openapi::api::core::v1::{Node, Pod, Taint};

use gantry_api::views::amounts::{self, Amounts};
use gantry_api::views::{Meta, PodView};
use gantry_base::Quantity;

use crate::demand::Demand;
use crate::terms::unwanted;

/// One node with what runs on it.
#[derive(Clone, Debug)]
pub struct NodeState {
    pub(crate) node: Arc<Node>,
    pub(crate) allocatable: Amounts,
    /// By namespace and name.
    pub(crate) pods: Vec<Arc<Pod>>,
    pub(crate) used: Demand,
    /// How many of its active pods each controller has, by uid.
    controllers: BTreeMap<String, usize>,
}

/// Whether a pod keeps some others away.
pub(super) fn is_aloof(pod: &Pod) -> bool {
    unwanted(pod).next().is_some()
}

fn allocatable(node: &Node) -> Amounts {
    let status = node.status.as_ref();
    let allocatable = status.and_then(|status| status.allocatable.as_ref());
    amounts::read(allocatable.or_else(|| status?.capacity.as_ref()))
}

impl NodeState {
    pub(super) fn empty(node: Arc<Node>) -> Self {
        Self {
            allocatable: allocatable(&node),
            node,
            pods: Vec::new(),
            used: Demand::default(),
            controllers: BTreeMap::new(),
        }
    }

    /// The node itself has changed, what runs on it has not.
    pub(super) fn become_of(&mut self, node: Arc<Node>) {
        self.allocatable = allocatable(&node);
        self.node = node;
    }

    pub(super) fn place(&mut self, pod: Arc<Pod>) {
        let demand = Demand::of(&pod);
        amounts::add(&mut self.used.requests, &demand.requests);
        self.used.ports.extend(demand.ports);
        if let Some(uid) = counted(&pod) {
            *self.controllers.entry(uid.to_owned()).or_default() += 1;
        }
        let at = self
            .pods
            .partition_point(|known| place(known) < place(&pod));
        self.pods.insert(at, pod);
    }

    pub(super) fn displace(&mut self, pod: &Pod) {
        let at = self.pods.partition_point(|known| place(known) < place(pod));
        let is_there = self
            .pods
            .get(at)
            .is_some_and(|known| place(known) == place(pod));
        if !is_there {
            return;
        }
        let pod = self.pods.remove(at);
        let demand = Demand::of(&pod);
        amounts::subtract(&mut self.used.requests, &demand.requests);
        for port in &demand.ports {
            let taken = self.used.ports.iter().position(|taken| taken == port);
            self.used
                .ports
                .swap_remove(taken.expect("the ports of a placed pod are taken"));
        }
        if let Some(uid) = counted(&pod)
            && let Some(count) = self.controllers.get_mut(uid)
        {
            *count -= 1;
            if *count == 0 {
                self.controllers.remove(uid);
            }
        }
    }

    /// The node's name.
    #[must_use]
    pub fn name(&self) -> &str {
        self.node.name()
    }

    pub(crate) fn taints(&self) -> &[Taint] {
        self.node
            .spec
            .as_ref()
            .and_then(|spec| spec.taints.as_deref())
            .unwrap_or(&[])
    }

    pub(crate) fn is_unschedulable(&self) -> bool {
        self.node.spec.as_ref().and_then(|spec| spec.unschedulable) == Some(true)
    }

    /// How much of a resource is left.
    pub(crate) fn left(&self, resource: &str) -> Quantity {
        let has = self.allocatable.get(resource).copied().unwrap_or_default();
        has - self
            .used
            .requests
            .get(resource)
            .copied()
            .unwrap_or_default()
    }

    /// The node's value for a label key: what spreading and affinity call a domain.
    pub(crate) fn domain(&self, key: &str) -> Option<&str> {
        self.node.labels().get(key).map(String::as_str)
    }

    /// How many active pods the controller with this uid has here.
    pub(crate) fn active_of(&self, controller: &str) -> usize {
        self.controllers.get(controller).copied().unwrap_or(0)
    }
}

fn place(pod: &Pod) -> (&str, &str) {
    (pod.namespace(), pod.name())
}

/// The uid under which a pod is counted as one of its controller's.
fn counted(pod: &Pod) -> Option<&str> {
    let controller = pod.controller().filter(|_| pod.is_active());
    controller.map(|controller| controller.uid.as_str())
}
