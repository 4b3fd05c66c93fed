//! What can be wrong with the picture that a controller decides on.

use std::sync::Arc;

use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::{Node, Pod};

use gantry_api::views::{Meta, PodView};
use gantry_api::{ObjectKey, Revision};
use gantry_base::hash::Fnv;
use gantry_reconcile::{Cached, View};

use super::{Bug, Plant};

/// How many pictures back an old one is.
const AGE: usize = 12;

impl Plant {
    /// The view that is decided on.
    pub(crate) fn view(&mut self, controller: &str, view: &View, key: &ObjectKey) -> View {
        let view = view.clone();
        let Some(bug) = self.bug else { return view };
        match (bug, controller) {
            (Bug::DecidesOnOld, _) => self.old(view),
            (Bug::Panics, "deployment-controller") => look_closely(view, key),
            (Bug::CollectsLiving, "generic-garbage-collector") if self.dice.below(100) == 0 => {
                without_owners(view, key)
            }
            (Bug::NamespaceEarly, "namespace-controller") => emptied(view, &key.name),
            (Bug::BindsToCordoned, gantry_scheduler::NAME) => uncordoned(view),
            (Bug::CountsTerminating, "replicaset-controller") => {
                with_pods(view, &key.namespace, |pod| {
                    pod.metadata.deletion_timestamp = None;
                })
            }
            (Bug::KeepsUnready, "endpointslice-controller" | "endpoint-controller") => {
                with_pods(view, &key.namespace, ready)
            }
            (Bug::ForgetsEndpoint, "endpointslice-controller") => without_some_pods(view, key),
            (Bug::CleansLiving, "pod-garbage-collector") if self.dice.below(20) == 0 => {
                without_node(view, key)
            }
            _ => view,
        }
    }

    /// Half of the time, how things stood some decisions ago.
    fn old(&mut self, view: View) -> View {
        self.memory.views.push_back(view.clone());
        if self.memory.views.len() > AGE {
            self.memory.views.pop_front();
        }
        let oldest = self.memory.views.front().cloned();
        oldest.filter(|_| self.dice.below(2) == 0).unwrap_or(view)
    }
}

fn look_closely(view: View, key: &ObjectKey) -> View {
    let deployment = view.get::<Deployment>(&key.namespace, &key.name);
    let spec = deployment
        .as_ref()
        .and_then(|deployment| deployment.spec.as_ref());
    let is_unusual = spec.is_some_and(|spec| spec.paused == Some(true) && spec.replicas == Some(0));
    assert!(!is_unusual, "a planted bug: nobody thought of this");
    view
}

fn without(mut view: View, gone: impl IntoIterator<Item = ObjectKey>) -> View {
    for key in gone {
        view.remove(&key, Revision::default());
    }
    view
}

fn without_owners(view: View, key: &ObjectKey) -> View {
    let Some(object) = view.any(key).cloned() else {
        return view;
    };
    let owners = object.meta().owner_references.iter().flatten();
    let uids: Vec<&str> = owners.map(|owner| owner.uid.as_str()).collect();
    let is_owner = |object: &&Arc<dyn Cached>| {
        let uid = object.meta().uid.as_deref();
        uid.is_some_and(|uid| uids.contains(&uid))
    };
    let owners = view.everything().filter(is_owner);
    let owners: Vec<ObjectKey> = owners.map(|owner| owner.object_key()).collect();
    without(view, owners)
}

fn emptied(view: View, namespace: &str) -> View {
    let inside = |object: &&Arc<dyn Cached>| object.meta().namespace.as_deref() == Some(namespace);
    let inside = view.everything().filter(inside);
    let inside: Vec<ObjectKey> = inside.map(|object| object.object_key()).collect();
    without(view, inside)
}

fn uncordoned(mut view: View) -> View {
    let nodes: Vec<Arc<Node>> = view.all::<Node>().collect();
    for node in nodes {
        let mut node = Node::clone(&node);
        if let Some(spec) = &mut node.spec {
            spec.unschedulable = None;
            spec.taints = None;
        }
        view.put(Arc::new(node), Revision::default());
    }
    view
}

fn with_pods(mut view: View, namespace: &str, change: impl Fn(&mut Pod)) -> View {
    let pods: Vec<Arc<Pod>> = view.within::<Pod>(namespace).collect();
    for pod in pods {
        let mut pod = Pod::clone(&pod);
        change(&mut pod);
        view.put(Arc::new(pod), Revision::default());
    }
    view
}

fn ready(pod: &mut Pod) {
    let conditions = pod.status.iter_mut();
    let conditions = conditions.flat_map(|status| status.conditions.iter_mut().flatten());
    for condition in conditions.filter(|condition| condition.type_ == "Ready") {
        "True".clone_into(&mut condition.status);
    }
}

fn without_some_pods(view: View, key: &ObjectKey) -> View {
    let is_forgotten = |pod: &Arc<Pod>| {
        let hash = Fnv::default().with(pod.name().as_bytes()).value();
        hash.is_multiple_of(4)
    };
    let pods = view.within::<Pod>(&key.namespace).filter(is_forgotten);
    let pods: Vec<ObjectKey> = pods.map(|pod| pod.key()).collect();
    without(view, pods)
}

fn without_node(view: View, key: &ObjectKey) -> View {
    let pod = view.get::<Pod>(&key.namespace, &key.name);
    let name = pod.as_ref().and_then(|pod| pod.node_name());
    let node = name.and_then(|name| view.get::<Node>("", name));
    let node = node.map(|node| node.key());
    without(view, node)
}
