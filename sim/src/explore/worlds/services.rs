//! Stories of services and where they lead.

use serde_json::json;

use super::super::script::{Step, World};
use super::objects::{change, here, pod, remove, service};
use super::{calmly, world};

const BOTH: [&str; 2] = ["endpointslice-controller", "endpoint-controller"];

pub(super) fn all() -> Vec<World> {
    let both = BOTH.into_iter();
    both.flat_map(|controller| [led(controller), turned(controller), closed(controller)])
        .collect()
}

fn of(controller: &'static str, name: &'static str, steps: Vec<Step>) -> World {
    World {
        companions: &["generic-garbage-collector"],
        ..world(controller, name, steps)
    }
}

fn led(controller: &'static str) -> World {
    let steps = [
        service("shop", "web"),
        pod("one", "web", Some("node-0")),
        pod("two", "web", Some("node-0")),
        Step::SetReady("web", false),
        remove(&here("", "pods", "two"), "Background"),
        Step::SetReady("web", true),
    ];
    of(controller, "pods come and go", calmly(steps))
}

fn turned(controller: &'static str) -> World {
    let shop = here("", "services", "shop");
    let steps = [
        pod("one", "web", Some("node-0")),
        pod("two", "other", Some("node-0")),
        service("shop", "web"),
        change(&shop, &json!({"spec": {"selector": {"app": "other"}}})),
        change(
            &shop,
            &json!({"spec": {"ports": [{"port": 80, "targetPort": 81}]}}),
        ),
        change(
            &here("", "pods", "two"),
            &json!({"metadata": {"labels": {"app": "nobody"}}}),
        ),
    ];
    of(controller, "selects others", calmly(steps))
}

fn closed(controller: &'static str) -> World {
    let shop = here("", "services", "shop");
    let steps = [
        pod("one", "web", Some("node-0")),
        service("shop", "web"),
        remove(&shop, "Background"),
    ];
    of(controller, "removed", calmly(steps))
}
