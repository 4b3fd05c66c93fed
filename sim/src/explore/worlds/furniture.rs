//! Stories of what every namespace is given.

use serde_json::json;

use super::super::script::{World, key};
use super::objects::{change, here, namespace, remove};
use super::{calmly, world};

pub(super) fn all() -> Vec<World> {
    vec![published(), given()]
}

fn published() -> World {
    let map = here("", "configmaps", "kube-root-ca.crt");
    let steps = [
        namespace("shop"),
        change(&map, &json!({"data": {"ca.crt": "forged"}})),
        remove(&map, "Background"),
    ];
    world("root-ca-cert-publisher", "mended", calmly(steps))
}

fn given() -> World {
    let account = here("", "serviceaccounts", "default");
    let steps = [
        namespace("shop"),
        remove(&account, "Background"),
        remove(&key("", "namespaces", "", "shop"), "Background"),
    ];
    World {
        companions: &["namespace-controller"],
        ..world("service-account-controller", "given again", calmly(steps))
    }
}
