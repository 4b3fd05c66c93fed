//! Stories of nodes that fall silent, close and vanish, and of pods that look for a node.

use std::time::Duration;

use serde_json::json;

use super::super::script::{Step, World, delete, key, merge};
use super::objects::{here, pod, remove};
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

fn of_life(name: &'static str, steps: Vec<Step>) -> World {
    World {
        beats: true,
        nodes: 2,
        ..world(LIFE, name, steps)
    }
}

fn silent() -> World {
    let mut steps = calmly([pod("one", "web", Some("node-0")), Step::Silence(0)]);
    steps.push(Step::Wait(Duration::from_secs(420)));
    of_life("silent until pods are moved", steps)
}

fn back() -> World {
    let mut steps = calmly([pod("one", "web", Some("node-0")), Step::Silence(0)]);
    steps.push(Step::Wait(Duration::from_secs(60)));
    steps.push(Step::Revive(0));
    of_life("silent and back", steps)
}

fn cordoned() -> World {
    let steps = calmly([cordon(0, true), cordon(1, true), cordon(0, false)]);
    of_life("closed and opened", steps)
}

fn vanished() -> World {
    let steps = [
        pod("one", "web", Some("node-0")),
        pod("two", "web", Some("node-1")),
        Step::Ask(delete(&key("", "nodes", "", "node-0"))),
    ];
    world(CLEANUP, "its node vanishes", calmly(steps))
}

fn scheduled() -> World {
    let steps = [
        cordon(1, true),
        pod("one", "web", None),
        pod("two", "web", None),
    ];
    world(SCHEDULER, "finds the open node", calmly(steps))
}

fn waiting() -> World {
    let steps = [
        cordon(0, true),
        cordon(1, true),
        pod("one", "web", None),
        pod("two", "web", None),
        remove(&here("", "pods", "two"), "Background"),
        cordon(0, false),
    ];
    world(SCHEDULER, "waits for a node to open", calmly(steps))
}
