//! Stories of nodes that fall silent, close and vanish, and of pods that look for a node.

use std::time::Duration;

use serde_json::json;

use super::super::script::{Step, World, delete, key, merge, node};
use super::objects::{here, made, pod, remove};
use super::{calmly, world};

const LIFE: &str = "node-controller";
const CLEANUP: &str = "pod-garbage-collector";
const SCHEDULER: &str = "default-scheduler";

pub(super) fn all() -> Vec<World> {
    vec![
        silent(),
        back(),
        cordoned(),
        vanished(),
        scheduled(),
        waiting(),
    ]
}

fn cordon(number: usize, is_closed: bool) -> Step {
    let node = key("", "nodes", "", &format!("node-{number}"));
    Step::Ask(merge(&node, &json!({"spec": {"unschedulable": is_closed}})))
}

/// One more node, and then the story.
fn beside_another(story: Vec<Step>) -> Vec<Step> {
    node(1).into_iter().map(Step::Ask).chain(story).collect()
}

fn of_life(name: &'static str, steps: Vec<Step>) -> World {
    World {
        beats: true,
        patience: Duration::from_secs(200),
        ..world(LIFE, name, steps)
    }
}

/// A pod that leaves a silent node soon.
fn impatient_pod() -> Step {
    let toleration = |taint: &str| {
        json!({
            "key": format!("node.kubernetes.io/{taint}"), "operator": "Exists",
            "effect": "NoExecute", "tolerationSeconds": 20,
        })
    };
    let spec = json!({
        "nodeName": "node-0",
        "containers": [{"name": "main", "image": "shop:1"}],
        "tolerations": [toleration("unreachable"), toleration("not-ready")],
    });
    made(
        "",
        "pods",
        "v1",
        "Pod",
        ("one", json!({}), json!({"spec": spec})),
    )
}

fn silent() -> World {
    let mut steps = calmly([impatient_pod(), Step::Silence(0)]);
    steps.push(Step::Wait(Duration::from_secs(90)));
    of_life("silent until pods are moved", steps)
}

fn back() -> World {
    let mut steps = calmly([impatient_pod(), Step::Silence(0)]);
    steps.push(Step::Wait(Duration::from_secs(150)));
    steps.push(Step::Revive(0));
    of_life("silent and back", steps)
}

fn cordoned() -> World {
    let steps = calmly([cordon(0, true), cordon(0, false)]);
    of_life("closed and opened", steps)
}

fn vanished() -> World {
    let steps = [
        pod("one", "web", Some("node-0")),
        pod("two", "web", Some("node-1")),
        Step::Ask(delete(&key("", "nodes", "", "node-0"))),
    ];
    World {
        nodes: 2,
        ..world(CLEANUP, "its node vanishes", beside_another(calmly(steps)))
    }
}

fn scheduled() -> World {
    let steps = [
        cordon(0, true),
        pod("one", "web", None),
        pod("two", "web", None),
    ];
    World {
        nodes: 2,
        ..world(
            SCHEDULER,
            "finds the open node",
            beside_another(calmly(steps)),
        )
    }
}

fn waiting() -> World {
    let steps = [
        cordon(0, true),
        pod("one", "web", None),
        pod("two", "web", None),
        remove(&here("", "pods", "two"), "Background"),
        cordon(0, false),
    ];
    world(SCHEDULER, "waits for a node to open", calmly(steps))
}
