//! Stories of what nobody owns any more, of emptied namespaces and of forgotten Events.

use std::time::Duration;

use serde_json::{Value, json};

use super::super::script::{Step, World, key, merge};
use super::objects::{HERE, config_map, deployment, here, made, namespace, pod, remove, rolling};
use super::{calmly, world};

const GARBAGE: &str = "generic-garbage-collector";
const AROUND_DEPLOYMENTS: &[&str] = &[
    "deployment-controller",
    "replicaset-controller",
    "default-scheduler",
];
const FURNISHING: &[&str] = &[
    "service-account-controller",
    "root-ca-cert-publisher",
    "generic-garbage-collector",
];

pub(super) fn all() -> Vec<World> {
    vec![
        removed("removed in the background", "Background"),
        removed("removed in the foreground", "Foreground"),
        removed("removed alone", "Orphan"),
        ownerless(),
        emptied(),
        left(),
        expired(),
        repeated(),
    ]
}

fn removed(name: &'static str, propagation: &str) -> World {
    let steps = [
        deployment("web", 1, &rolling()),
        remove(&here("apps", "deployments", "web"), propagation),
    ];
    let mut world = world(GARBAGE, name, calmly(steps));
    if propagation == "Orphan" {
        // Nobody is there to adopt what was left.
        world.patience = Duration::from_secs(120);
    }
    World {
        companions: AROUND_DEPLOYMENTS,
        ..world
    }
}

/// An object whose owner was never there.
fn ownerless() -> World {
    let owners: Value = json!({"ownerReferences": [{
        "apiVersion": "v1", "kind": "Secret", "name": "gone",
        "uid": "00000000-0000-4000-8000-000000000001",
    }]});
    let steps = [config_map("lost", owners)];
    world(GARBAGE, "its owner was never there", calmly(steps))
}

fn emptied() -> World {
    let place = json!({"namespace": "shop"});
    let inside = pod_in("shop");
    let lease = made(
        "coordination.k8s.io",
        "leases",
        "coordination.k8s.io/v1",
        "Lease",
        ("leader", place.clone(), json!({})),
    );
    let steps = [
        namespace("shop"),
        config_map("prices", place),
        inside,
        lease,
        remove(&key("", "namespaces", "", "shop"), "Background"),
    ];
    World {
        companions: FURNISHING,
        ..world("namespace-controller", "emptied", calmly(steps))
    }
}

fn pod_in(namespace: &str) -> Step {
    let Step::Ask(mut request) = pod("one", "web", Some("node-0")) else {
        return pod("one", "web", Some("node-0"));
    };
    request.namespace = Some(namespace.to_owned());
    if let Some(body) = &mut request.body {
        let text = String::from_utf8_lossy(&body.bytes);
        let moved = text.replace(
            &format!("\"namespace\":{HERE:?}"),
            &format!("\"namespace\":{namespace:?}"),
        );
        body.bytes = moved.into_bytes().into();
    }
    Step::Ask(request)
}

/// A namespace that is removed while somebody else still holds one of its objects.
fn left() -> World {
    let held = json!({"namespace": "shop", "finalizers": ["example.com/hold"]});
    let release = merge(
        &key("", "configmaps", "shop", "prices"),
        &json!({"metadata": {"finalizers": null}}),
    );
    let mut steps = calmly([namespace("shop"), config_map("prices", held)]);
    steps.push(remove(&key("", "namespaces", "", "shop"), "Background"));
    steps.push(Step::Wait(Duration::from_millis(700)));
    steps.push(Step::Ask(release));
    World {
        companions: FURNISHING,
        ..world("namespace-controller", "held for a while", steps)
    }
}

fn event(name: &str) -> Step {
    let content = json!({
        "involvedObject": {"apiVersion": "v1", "kind": "Pod", "name": "one", "namespace": HERE},
        "reason": "Tested", "message": "it was tested", "type": "Normal",
        "firstTimestamp": "2030-01-01T00:00:00Z", "lastTimestamp": "2030-01-01T00:00:00Z",
    });
    made("", "events", "v1", "Event", (name, json!({}), content))
}

fn of_events(name: &'static str, steps: Vec<Step>) -> World {
    World {
        shows_events: true,
        patience: Duration::from_secs(2 * 3600),
        ..world("event-expiry-controller", name, steps)
    }
}

fn expired() -> World {
    of_events("forgotten", calmly([event("one"), event("two")]))
}

fn repeated() -> World {
    let again = json!({"lastTimestamp": "2030-01-01T00:30:00Z", "count": 2});
    let mut steps = calmly([event("one")]);
    steps.push(Step::Wait(Duration::from_secs(1800)));
    steps.push(Step::Ask(merge(&here("", "events", "one"), &again)));
    of_events("happens again", steps)
}
