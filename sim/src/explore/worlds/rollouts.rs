//! Stories of deployments, replica sets and replication controllers.

use serde_json::json;

use super::super::script::{Step, World, merge};
use super::objects::{
    deployment, here, pod, remove, replica_set, replication_controller, rolling, scale, set_image,
    web,
};
use super::{calmly, world};

const DEPLOYMENT: &str = "deployment-controller";
const SET: &str = "replicaset-controller";
const AROUND_DEPLOYMENTS: &[&str] = &[
    "replicaset-controller",
    "default-scheduler",
    "generic-garbage-collector",
];
const AROUND_SETS: &[&str] = &["default-scheduler", "generic-garbage-collector"];

pub(super) fn all() -> Vec<World> {
    vec![
        rolled(),
        recreated(),
        paused(),
        hurried(),
        removed("removed in the background", "Background"),
        removed("removed in the foreground", "Foreground"),
        removed("removed alone", "Orphan"),
        scaled(),
        adopting(),
        set_removed(),
        elder_scaled(),
    ]
}

fn of_deployments(name: &'static str, steps: Vec<Step>) -> World {
    World {
        companions: AROUND_DEPLOYMENTS,
        ..world(DEPLOYMENT, name, steps)
    }
}

fn of_sets(name: &'static str, steps: Vec<Step>) -> World {
    World {
        companions: AROUND_SETS,
        ..world(SET, name, steps)
    }
}

fn rolled() -> World {
    let steps = [
        deployment("web", 2, &rolling()),
        set_image(&web(), "shop:2"),
        scale(&web(), 3),
    ];
    of_deployments("rolled out and scaled", calmly(steps))
}

fn recreated() -> World {
    let recreate = json!({"type": "Recreate"});
    let steps = [
        deployment("web", 1, &recreate),
        set_image(&web(), "shop:2"),
        set_image(&web(), "shop:3"),
    ];
    of_deployments("recreated twice", calmly(steps))
}

fn paused() -> World {
    let pause = |is_paused: bool| Step::Ask(merge(&web(), &json!({"spec": {"paused": is_paused}})));
    let steps = [
        deployment("web", 1, &rolling()),
        pause(true),
        set_image(&web(), "shop:2"),
        scale(&web(), 2),
        pause(false),
    ];
    of_deployments("paused and resumed", calmly(steps))
}

/// A rollout that is turned back while it is under way.
fn hurried() -> World {
    let mut steps = calmly([deployment("web", 2, &rolling())]);
    steps.push(set_image(&web(), "shop:2"));
    if let Step::Ask(back) = set_image(&web(), "shop:1") {
        steps.push(Step::Amid(4, back));
    }
    of_deployments("turned back on the way", steps)
}

fn removed(name: &'static str, propagation: &str) -> World {
    let steps = [
        deployment("web", 2, &rolling()),
        remove(&web(), propagation),
    ];
    of_deployments(name, calmly(steps))
}

fn scaled() -> World {
    let web = here("apps", "replicasets", "web");
    let steps = [
        replica_set("web", 1),
        scale(&web, 3),
        scale(&web, 2),
        Step::DeletePodOf("web"),
    ];
    of_sets("scaled up and down", calmly(steps))
}

fn adopting() -> World {
    let other = merge(
        &here("", "pods", "early"),
        &json!({"metadata": {"labels": {"app": "other"}}}),
    );
    let steps = [
        pod("early", "web", Some("node-0")),
        replica_set("web", 2),
        Step::Ask(other),
    ];
    of_sets("adopts and lets go", calmly(steps))
}

fn set_removed() -> World {
    let web = here("apps", "replicasets", "web");
    let mut steps = calmly([replica_set("web", 1)]);
    steps.push(scale(&web, 2));
    steps.push(remove(&web, "Background"));
    of_sets("scaled and removed at once", steps)
}

fn elder_scaled() -> World {
    let web = here("", "replicationcontrollers", "web");
    let steps = [replication_controller("web", 1), scale(&web, 2)];
    World {
        companions: AROUND_SETS,
        ..world("replication-controller", "scaled up", calmly(steps))
    }
}
