//! What the parts of the system may do within the system's own namespaces.

use gantry_api::Object;

use super::grant::{EVENTS, Grant, READ, on};
use super::role::Holder::{Account, User};
use super::role::{Holder, bind_within, local_role};

const NAMESPACE: &str = "kube-system";
const PUBLIC: &str = "kube-public";
const READER: &str = "extension-apiserver-authentication-reader";
const MANAGER: Holder = User("system:kube-controller-manager");
const SCHEDULER: Holder = User("system:kube-scheduler");

/// The roles and who has them.
pub(super) fn objects() -> Vec<Object> {
    let reader = Grant::Named {
        groups: "",
        resources: "configmaps",
        names: "extension-apiserver-authentication",
        verbs: "get,list,watch",
    };
    let mut all = vec![
        local_role(NAMESPACE, READER, &[reader]),
        bind_within(
            NAMESPACE,
            "system::extension-apiserver-authentication-reader",
            READER,
            &[MANAGER, SCHEDULER],
        ),
    ];
    all.extend(leader("kube-controller-manager", MANAGER));
    all.extend(leader("kube-scheduler", SCHEDULER));
    for (namespace, controller, grants) in CONTROLLERS {
        let name = format!("system:controller:{controller}");
        all.push(local_role(namespace, &name, grants));
        let holders = [Account(controller)];
        all.push(bind_within(namespace, &name, &name, &holders));
    }
    all
}

/// What controllers may do in one namespace only.
const CONTROLLERS: &[(&str, &str, &[Grant])] = &[
    (NAMESPACE, "bootstrap-signer", &[on("", "secrets", READ)]),
    (
        NAMESPACE,
        "cloud-provider",
        &[on("", "configmaps", "create,get,list,watch")],
    ),
    (
        NAMESPACE,
        "token-cleaner",
        &[on("", "secrets", "delete,get,list,watch"), EVENTS],
    ),
    (
        PUBLIC,
        "bootstrap-signer",
        &[
            on("", "configmaps", READ),
            Grant::Named {
                groups: "",
                resources: "configmaps",
                names: "cluster-info",
                verbs: "update",
            },
            EVENTS,
        ],
    ),
];

/// Whoever leads may hold the record that says so.
fn leader(component: &'static str, holder: Holder) -> [Object; 2] {
    let name = format!("system::leader-locking-{component}");
    let grants = [
        Grant::On {
            groups: "",
            resources: "configmaps",
            verbs: "watch",
        },
        Grant::Named {
            groups: "",
            resources: "configmaps",
            names: component,
            verbs: "get,update",
        },
    ];
    let role = local_role(NAMESPACE, &name, &grants);
    [role, bind_within(NAMESPACE, &name, &name, &[holder])]
}
