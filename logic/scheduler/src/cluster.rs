//! The unchanging picture that a cycle works on.
//!
//! It follows from a view and nothing else. Since views follow each other and differ in little, the
//! next picture is made from the last one and what changed: both ways come to the same.

mod nodes;

use std::collections::BTreeMap;
use std::sync::Arc;

use k8s_openapi::api::core::v1::{Namespace, Node, Pod};

use gantry_api::views::{Meta, PodView};
use gantry_base::selector::Labels;
use gantry_reconcile::View;

pub use nodes::NodeState;

/// All nodes with what runs on them.
#[derive(Clone, Debug, Default)]
pub struct Cluster {
    /// By name.
    pub(crate) nodes: Vec<Arc<NodeState>>,
    /// The pods that keep some others away, each with the index of its node. There are few, and
    /// every node has to be asked about all of them.
    pub(crate) aloof: Vec<(usize, Arc<Pod>)>,
    pub(crate) namespaces: Arc<BTreeMap<String, Labels>>,
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
        let nodes: Vec<Arc<NodeState>> = nodes.into_values().map(Arc::new).collect();
        Self {
            aloof: aloof(&nodes),
            nodes,
            namespaces: namespaces(view),
        }
    }

    /// The picture that a view gives, when this is the one that `earlier` gave.
    #[must_use]
    pub(crate) fn brought_to(mut self, view: &View, earlier: &View) -> Self {
        let nodes = view.differences::<Node>(earlier);
        if nodes
            .iter()
            .any(|(old, new)| old.is_none() || new.is_none())
        {
            // Pods may have waited for a node that came.
            return Self::of(view);
        }
        for node in nodes.into_iter().filter_map(|(_, new)| new) {
            if let Some(state) = self.state_of(node.name()) {
                state.become_of(node);
            }
        }
        let mut stirs_aloof = false;
        for (old, new) in view.differences::<Pod>(earlier) {
            for pod in old.iter().chain(&new) {
                stirs_aloof |= nodes::is_aloof(pod);
            }
            self.change(old, new);
        }
        if stirs_aloof {
            self.aloof = aloof(&self.nodes);
        }
        if !view.differences::<Namespace>(earlier).is_empty() {
            self.namespaces = namespaces(view);
        }
        self
    }

    /// A pod was so and is so now.
    fn change(&mut self, old: Option<Arc<Pod>>, new: Option<Arc<Pod>>) {
        let is_placed = |pod: &Arc<Pod>| !pod.is_finished();
        if let Some(old) = old.filter(is_placed)
            && let Some(state) = self.state_of(old.node_name().unwrap_or(""))
        {
            state.displace(&old);
        }
        if let Some(new) = new.filter(is_placed)
            && let Some(state) = self.state_of(new.node_name().unwrap_or(""))
        {
            state.place(new);
        }
    }

    fn state_of(&mut self, node: &str) -> Option<&mut NodeState> {
        let found = self.nodes.binary_search_by(|state| state.name().cmp(node));
        Some(Arc::make_mut(&mut self.nodes[found.ok()?]))
    }
}

fn aloof(nodes: &[Arc<NodeState>]) -> Vec<(usize, Arc<Pod>)> {
    let each = nodes.iter().enumerate();
    let pods = each.flat_map(|(index, node)| node.pods.iter().map(move |pod| (index, pod)));
    let aloof = pods.filter(|(_, pod)| nodes::is_aloof(pod));
    aloof.map(|(index, pod)| (index, Arc::clone(pod))).collect()
}

fn namespaces(view: &View) -> Arc<BTreeMap<String, Labels>> {
    let namespaces = view.all::<Namespace>();
    let namespaces = namespaces.map(|known| (known.name().to_owned(), known.labels().clone()));
    Arc::new(namespaces.collect())
}

#[cfg(test)]
mod tests;
