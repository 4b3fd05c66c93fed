//! The unchanging picture that a cycle works on.

use std::collections::BTreeMap;
use std::sync::Arc;

use k8s_openapi::api::core::v1::{Namespace, Node, Pod, Taint};

use gantry_api::views::{Meta, PodView};
use gantry_base::Quantity;
use gantry_base::selector::Labels;
use gantry_reconcile::View;

use crate::demand::{Amounts, Demand, add, amounts};
use crate::terms::unwanted;

/// All nodes with what runs on them.
#[derive(Clone, Debug, Default)]
pub struct Cluster {
    pub(crate) nodes: Vec<NodeState>,
    /// The pods that keep some others away, each with the index of its node. There are few, and
    /// every node has to be asked about all of them.
    pub(crate) aloof: Vec<(usize, Arc<Pod>)>,
    pub(crate) namespaces: BTreeMap<String, Labels>,
}

/// One node with what runs on it.
#[derive(Clone, Debug)]
pub struct NodeState {
    pub(crate) node: Arc<Node>,
    pub(crate) allocatable: Amounts,
    pub(crate) pods: Vec<Arc<Pod>>,
    pub(crate) used: Demand,
}

impl Cluster {
    /// The picture that a view gives.
    #[must_use]
    pub fn of(view: &View) -> Self {
        let mut nodes: BTreeMap<String, NodeState> = view
            .all::<Node>()
            .map(|node| (node.name().to_owned(), NodeState::empty(node)))
            .collect();
        for pod in view.all::<Pod>().filter(|pod| !pod.is_finished()) {
            if let Some(state) = pod.node_name().and_then(|node| nodes.get_mut(node)) {
                state.place(pod);
            }
        }
        let namespaces = view.all::<Namespace>();
        let namespaces = namespaces.map(|known| (known.name().to_owned(), known.labels().clone()));
        let nodes: Vec<NodeState> = nodes.into_values().collect();
        Self {
            aloof: aloof(&nodes).collect(),
            nodes,
            namespaces: namespaces.collect(),
        }
    }
}

fn aloof(nodes: &[NodeState]) -> impl Iterator<Item = (usize, Arc<Pod>)> + '_ {
    let each = nodes.iter().enumerate();
    let pods = each.flat_map(|(index, node)| node.pods.iter().map(move |pod| (index, pod)));
    let aloof = pods.filter(|(_, pod)| unwanted(pod).next().is_some());
    aloof.map(|(index, pod)| (index, Arc::clone(pod)))
}

impl NodeState {
    fn empty(node: Arc<Node>) -> Self {
        let status = node.status.as_ref();
        let allocatable = status.and_then(|status| status.allocatable.as_ref());
        let allocatable = amounts(allocatable.or_else(|| status?.capacity.as_ref()));
        Self {
            node,
            allocatable,
            pods: Vec::new(),
            used: Demand::default(),
        }
    }

    fn place(&mut self, pod: Arc<Pod>) {
        let demand = Demand::of(&pod);
        add(&mut self.used.requests, &demand.requests);
        self.used.ports.extend(demand.ports);
        self.pods.push(pod);
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
}
