use std::sync::Arc;

use k8s_openapi::api::core::v1::{Node, Pod};
use serde_json::json;

use gantry_api::{ObjectKey, Revision};
use gantry_reconcile::View;

use super::*;

/// All that rules read of a picture, as text.
fn told(cluster: &Cluster) -> String {
    let nodes = cluster.nodes.iter().map(|node| {
        let pods: Vec<_> = node.pods.iter().map(|pod| pod.name()).collect();
        let mut ports = node.used.ports.clone();
        ports.sort();
        let left = ["cpu", "memory"].map(|resource| node.left(resource).to_string());
        let (name, own) = (node.name(), node.active_of("o"));
        format!("{name}: {pods:?} {left:?} {ports:?} {own}\n")
    });
    let aloof = cluster.aloof.iter();
    let aloof: Vec<_> = aloof.map(|(at, pod)| (at, pod.name())).collect();
    format!(
        "{}{aloof:?} {:?}",
        nodes.collect::<String>(),
        cluster.namespaces
    )
}

fn node(name: &str, cpu: u64) -> Arc<Node> {
    let node = json!({
        "metadata": {"name": name},
        "status": {"allocatable": {"cpu": cpu.to_string(), "memory": "1Gi"}},
    });
    Arc::new(serde_json::from_value(node).unwrap())
}

/// A pod of which every number is another kind: where it is, what it asks for, how it is.
fn pod(name: &str, kind: u64) -> Arc<Pod> {
    let mut pod = json!({
        "metadata": {"namespace": "default", "name": name},
        "spec": {"containers": [{
            "name": "main", "image": "i",
            "resources": {"requests": {"cpu": format!("{}m", 10 + kind % 7)}},
        }]},
    });
    match kind % 4 {
        0 => {}
        node => pod["spec"]["nodeName"] = json!(format!("node-{node}")),
    }
    if kind.is_multiple_of(3) {
        pod["spec"]["containers"][0]["ports"] = json!([{"containerPort": 80, "hostPort": kind}]);
    }
    if kind.is_multiple_of(5) {
        pod["status"]["phase"] = json!("Succeeded");
    }
    if kind % 5 < 3 {
        pod["metadata"]["ownerReferences"] = json!([{
            "apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "o", "uid": "o",
            "controller": true,
        }]);
    }
    if kind.is_multiple_of(11) {
        pod["spec"]["affinity"]["podAntiAffinity"] = json!({
            "requiredDuringSchedulingIgnoredDuringExecution": [{"topologyKey": "host"}],
        });
    }
    Arc::new(serde_json::from_value(pod).unwrap())
}

#[test]
fn a_picture_made_from_the_last_one_is_the_one_made_from_nothing() {
    let mut view = View::default();
    let (mut earlier, mut cluster) = (view.clone(), Cluster::of(&view));
    // Any numbers will do, as long as they are the same each time.
    let mut chance: u64 = 7;
    let mut draw = |below: u64| {
        chance = chance
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (chance >> 33) % below
    };
    for step in 0..600 {
        let name = format!("pod-{}", draw(12));
        let key = |resource: &str, namespace: &str, name: &str| {
            ObjectKey::new(
                gantry_api::GroupResource::new("", resource),
                namespace,
                name,
            )
        };
        match draw(10) {
            0 => drop(view.put(node(&format!("node-{}", 1 + draw(3)), draw(9)), Revision(1))),
            1 if step % 5 == 0 => {
                let name = format!("node-{}", 1 + draw(3));
                drop(view.remove(&key("nodes", "", &name), Revision(1)));
            }
            2 => drop(view.remove(&key("pods", "default", &name), Revision(1))),
            _ => drop(view.put(pod(&name, draw(1_000)), Revision(1))),
        }
        if draw(3) == 0 {
            cluster = cluster.brought_to(&view, &earlier);
            earlier = view.clone();
            assert_eq!(told(&cluster), told(&Cluster::of(&view)), "step {step}");
        }
    }
}
