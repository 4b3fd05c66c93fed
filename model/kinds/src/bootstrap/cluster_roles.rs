//! What the parts of the system, and everybody, may do everywhere.

use gantry_api::Object;

use super::grant::{ASK_WHETHER, ASK_WHO, EVENTS, Grant, READ, on};
use super::role::Holder::{Account, Group, User};
use super::role::{Holder, bind_everywhere, cluster_role};

/// The roles and who has them.
pub(super) fn objects() -> Vec<Object> {
    let roles = ROLES
        .iter()
        .map(|(name, grants)| cluster_role(name, grants));
    let bindings = BINDINGS
        .iter()
        .map(|(name, holders)| bind_everywhere(name, holders));
    roles.chain(bindings).collect()
}

const AUTHENTICATED: Holder = Group("system:authenticated");

const BINDINGS: &[(&str, &[Holder])] = &[
    ("cluster-admin", &[Group("system:masters")]),
    ("system:basic-user", &[AUTHENTICATED]),
    ("system:discovery", &[AUTHENTICATED]),
    (
        "system:kube-controller-manager",
        &[User("system:kube-controller-manager")],
    ),
    ("system:kube-dns", &[Account("kube-dns")]),
    ("system:kube-scheduler", &[User("system:kube-scheduler")]),
    ("system:monitoring", &[Group("system:monitoring")]),
    // Nodes are told apart by their own authorizer; the role has no holders.
    ("system:node", &[]),
    ("system:node-proxier", &[User("system:kube-proxy")]),
    (
        "system:public-info-viewer",
        &[AUTHENTICATED, Group("system:unauthenticated")],
    ),
    (
        "system:service-account-issuer-discovery",
        &[Group("system:serviceaccounts")],
    ),
    ("system:volume-scheduler", &[User("system:kube-scheduler")]),
];

const ROLES: &[(&str, &[Grant])] = &[
    (
        "cluster-admin",
        &[
            on("*", "*", "*"),
            Grant::Paths {
                paths: "*",
                verbs: "*",
            },
        ],
    ),
    ("system:auth-delegator", &[ASK_WHO, ASK_WHETHER]),
    (
        "system:certificates.k8s.io:certificatesigningrequests:nodeclient",
        &[on(
            "certificates.k8s.io",
            "certificatesigningrequests/nodeclient",
            "create",
        )],
    ),
    (
        "system:certificates.k8s.io:certificatesigningrequests:selfnodeclient",
        &[on(
            "certificates.k8s.io",
            "certificatesigningrequests/selfnodeclient",
            "create",
        )],
    ),
    (
        "system:certificates.k8s.io:kube-apiserver-client-approver",
        &[approve("kubernetes.io/kube-apiserver-client")],
    ),
    (
        "system:certificates.k8s.io:kube-apiserver-client-kubelet-approver",
        &[approve("kubernetes.io/kube-apiserver-client-kubelet")],
    ),
    (
        "system:certificates.k8s.io:kubelet-serving-approver",
        &[approve("kubernetes.io/kubelet-serving")],
    ),
    (
        "system:certificates.k8s.io:legacy-unknown-approver",
        &[approve("kubernetes.io/legacy-unknown")],
    ),
    (
        "system:basic-user",
        &[
            on(
                "authorization.k8s.io",
                "selfsubjectaccessreviews,selfsubjectrulesreviews",
                "create",
            ),
            on("authentication.k8s.io", "selfsubjectreviews", "create"),
        ],
    ),
    (
        "system:discovery",
        &[Grant::Paths {
            paths: "/api,/api/*,/apis,/apis/*,/healthz,/livez,/openapi,/openapi/*,/readyz,\
                    /version,/version/",
            verbs: "get",
        }],
    ),
    (
        "system:heapster",
        &[
            on("", "events,namespaces,nodes,pods", READ),
            on("apps", "deployments", READ),
        ],
    ),
    (
        "system:kube-aggregator",
        &[on("", "endpoints,services", READ)],
    ),
    ("system:kube-controller-manager", CONTROLLER_MANAGER),
    (
        "system:kube-dns",
        &[
            on("", "endpoints,services", "list,watch"),
            on("discovery.k8s.io", "endpointslices", "list,watch"),
        ],
    ),
    ("system:kube-scheduler", SCHEDULER),
    (
        "system:kubelet-api-admin",
        &[
            on("", "nodes", "get,list,proxy,watch"),
            on("", "nodes/log,nodes/metrics,nodes/proxy,nodes/stats", "*"),
        ],
    ),
    (
        "system:monitoring",
        &[Grant::Paths {
            paths: "/healthz,/healthz/*,/livez,/livez/*,/metrics,/metrics/slis,/readyz,/readyz/*",
            verbs: "get",
        }],
    ),
    ("system:node", NODE),
    (
        "system:node-bootstrapper",
        &[on(
            "certificates.k8s.io",
            "certificatesigningrequests",
            "create,get,list,watch",
        )],
    ),
    (
        "system:node-problem-detector",
        &[
            on("", "nodes", "get"),
            on("", "nodes/status", "patch"),
            EVENTS,
        ],
    ),
    (
        "system:node-proxier",
        &[
            on("", "endpoints,services", "list,watch"),
            on("", "nodes", READ),
            EVENTS,
            on("discovery.k8s.io", "endpointslices", "list,watch"),
            on("networking.k8s.io", "servicecidrs", "list,watch"),
        ],
    ),
    (
        "system:persistent-volume-provisioner",
        &[
            on("", "persistentvolumes", "create,delete,get,list,watch"),
            on("", "persistentvolumeclaims", "get,list,update,watch"),
            on("storage.k8s.io", "storageclasses", READ),
            on("", "events", "watch"),
            EVENTS,
        ],
    ),
    (
        "system:public-info-viewer",
        &[Grant::Paths {
            paths: "/healthz,/livez,/readyz,/version,/version/",
            verbs: "get",
        }],
    ),
    (
        "system:service-account-issuer-discovery",
        &[Grant::Paths {
            paths: "/.well-known/openid-configuration,/.well-known/openid-configuration/,\
                    /openid/v1/jwks,/openid/v1/jwks/",
            verbs: "get",
        }],
    ),
    (
        "system:volume-scheduler",
        &[
            on("", "persistentvolumes", "get,list,patch,update,watch"),
            on("storage.k8s.io", "storageclasses", READ),
            on("", "persistentvolumeclaims", "get,list,patch,update,watch"),
        ],
    ),
];

/// Approving what `signer` is to issue.
const fn approve(signer: &'static str) -> Grant {
    Grant::Named {
        groups: "certificates.k8s.io",
        resources: "signers",
        names: signer,
        verbs: "approve",
    }
}

const CONTROLLER_MANAGER: &[Grant] = &[
    EVENTS,
    on("coordination.k8s.io", "leases", "create"),
    Grant::Named {
        groups: "coordination.k8s.io",
        resources: "leases",
        names: "kube-controller-manager",
        verbs: "get,update",
    },
    on("", "secrets,serviceaccounts", "create"),
    on("", "secrets", "delete"),
    on("", "configmaps,namespaces,secrets,serviceaccounts", "get"),
    on("", "secrets,serviceaccounts", "update"),
    ASK_WHO,
    ASK_WHETHER,
    on("*", "*", "list,watch"),
    on("", "serviceaccounts/token", "create"),
];

const SCHEDULER: &[Grant] = &[
    EVENTS,
    on("coordination.k8s.io", "leases", "create,list,watch"),
    Grant::Named {
        groups: "coordination.k8s.io",
        resources: "leases",
        names: "kube-scheduler",
        verbs: "get,update",
    },
    on("", "nodes", READ),
    on("", "pods", "delete,get,list,watch"),
    on("", "bindings,pods/binding", "create"),
    on("", "pods/status", "patch,update"),
    on("", "namespaces,replicationcontrollers,services", READ),
    on("apps", "replicasets,statefulsets", READ),
    on("policy", "poddisruptionbudgets", READ),
    on("", "persistentvolumeclaims,persistentvolumes", READ),
    ASK_WHO,
    ASK_WHETHER,
    on("scheduling.k8s.io", "priorityclasses", READ),
    on(
        "resource.k8s.io",
        "deviceclasses,resourceclaims,resourceslices",
        READ,
    ),
    on("resource.k8s.io", "resourceclaims/status", "patch,update"),
    on("", "pods/finalizers", "update"),
    on(
        "storage.k8s.io",
        "csidrivers,csinodes,csistoragecapacities,volumeattachments",
        READ,
    ),
];

const NODE: &[Grant] = &[
    ASK_WHO,
    on(
        "authorization.k8s.io",
        "localsubjectaccessreviews,subjectaccessreviews",
        "create",
    ),
    on("", "services", READ),
    on("", "nodes", "create,get,list,patch,update,watch"),
    on("", "nodes/status", "patch,update"),
    EVENTS,
    on("", "pods", "create,delete,get,list,watch"),
    on("", "pods/status", "patch,update"),
    on("", "pods/eviction", "create"),
    on("", "configmaps,secrets", READ),
    on("", "persistentvolumeclaims,persistentvolumes", "get"),
    on("", "endpoints", "get"),
    on(
        "certificates.k8s.io",
        "certificatesigningrequests",
        "create,get,list,watch",
    ),
    on(
        "coordination.k8s.io",
        "leases",
        "create,delete,get,patch,update",
    ),
    on("storage.k8s.io", "volumeattachments", "get"),
    on("", "serviceaccounts/token", "create"),
    on("", "persistentvolumeclaims/status", "get,patch,update"),
    on("storage.k8s.io", "csidrivers", READ),
    on(
        "storage.k8s.io",
        "csinodes",
        "create,delete,get,patch,update",
    ),
    on("node.k8s.io", "runtimeclasses", READ),
    on("resource.k8s.io", "resourceclaims", "get"),
    on(
        "resource.k8s.io",
        "resourceslices",
        "create,delete,deletecollection,get,list,patch,update,watch",
    ),
];
