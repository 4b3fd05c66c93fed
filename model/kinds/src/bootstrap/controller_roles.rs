//! What each controller may do, under an account of its own.

use gantry_api::Object;

use super::grant::{EVENTS, Grant, READ, on};
use super::role::Holder::Account;
use super::role::{bind_everywhere, cluster_role};

/// One role and one binding per controller.
pub(super) fn objects() -> Vec<Object> {
    let both = |(controller, grants): &(&'static str, &[Grant])| {
        let name = format!("system:controller:{controller}");
        [
            cluster_role(&name, grants),
            bind_everywhere(&name, &[Account(controller)]),
        ]
    };
    CONTROLLERS.iter().flat_map(both).collect()
}

const PODS_OF_SETS: Grant = on("", "pods", "create,delete,list,patch,watch");

/// What keeps the history of a set.
const REVISIONS: &str = "create,delete,get,list,patch,update,watch";

const CERTIFICATES: &str = "certificates.k8s.io";
const REQUESTS: &str = "certificatesigningrequests";

/// Deciding on, or issuing, certificates of the cluster's own signers.
const fn as_signer(names: &'static str, verbs: &'static str) -> Grant {
    Grant::Named {
        groups: CERTIFICATES,
        resources: "signers",
        names,
        verbs,
    }
}

const CONTROLLERS: &[(&str, &[Grant])] = &[
    (
        "apiservice-registration-controller",
        &[
            on("apiextensions.k8s.io", "customresourcedefinitions", READ),
            on(
                "apiregistration.k8s.io",
                "apiservices",
                "create,delete,get,list,update,watch",
            ),
        ],
    ),
    (
        "certificate-approver",
        &[
            on(CERTIFICATES, REQUESTS, READ),
            on(
                CERTIFICATES,
                "certificatesigningrequests/approval",
                "update",
            ),
            as_signer("kubernetes.io/kube-apiserver-client-kubelet", "approve"),
        ],
    ),
    (
        "certificate-cleaner",
        &[on(CERTIFICATES, REQUESTS, "delete,get,list,watch")],
    ),
    (
        "certificate-controller",
        &[
            on(CERTIFICATES, REQUESTS, READ),
            on(CERTIFICATES, "certificatesigningrequests/status", "update"),
            as_signer(
                "kubernetes.io/kube-apiserver-client,\
                 kubernetes.io/kube-apiserver-client-kubelet,kubernetes.io/kubelet-serving",
                "sign",
            ),
            EVENTS,
        ],
    ),
    (
        "clusterrole-aggregation-controller",
        &[on(
            "rbac.authorization.k8s.io",
            "clusterroles",
            "escalate,get,list,patch,update,watch",
        )],
    ),
    (
        "cronjob-controller",
        &[
            on("batch", "cronjobs", "get,list,update,watch"),
            on("batch", "jobs", "create,delete,get,list,patch,update,watch"),
            on("batch", "cronjobs/status", "update"),
            on("batch", "cronjobs/finalizers", "update"),
            on("", "pods", "delete,list"),
            EVENTS,
        ],
    ),
    (
        "customresourcedefinition-controller",
        &[
            on("apiextensions.k8s.io", "customresourcedefinitions", READ),
            on(
                "apiextensions.k8s.io",
                "customresourcedefinitions/status",
                "update",
            ),
            on("", "namespaces", READ),
            on("*", "*", "deletecollection"),
        ],
    ),
    (
        "daemon-set-controller",
        &[
            on("apps", "daemonsets", READ),
            on("apps", "daemonsets/status", "update"),
            on("apps", "daemonsets/finalizers", "update"),
            on("", "nodes", "list,watch"),
            PODS_OF_SETS,
            on("", "pods/binding", "create"),
            on("apps", "controllerrevisions", REVISIONS),
            EVENTS,
        ],
    ),
    (
        "deployment-controller",
        &[
            on("apps", "deployments", "get,list,update,watch"),
            on("apps", "deployments/status", "update"),
            on("apps", "deployments/finalizers", "update"),
            on(
                "apps",
                "replicasets",
                "create,delete,get,list,patch,update,watch",
            ),
            on("", "pods", "get,list,update,watch"),
            EVENTS,
        ],
    ),
    (
        "disruption-controller",
        &[
            on("apps", "deployments,replicasets,statefulsets", READ),
            on("", "pods,replicationcontrollers", READ),
            on("policy", "poddisruptionbudgets", READ),
            on("policy", "poddisruptionbudgets/status", "update"),
            EVENTS,
        ],
    ),
    (
        "endpoint-controller",
        &[
            on("", "pods,services", READ),
            on("", "endpoints", "create,delete,get,list,update"),
            on("", "endpoints/restricted", "create"),
            EVENTS,
        ],
    ),
    (
        "endpointslice-controller",
        &[
            on("", "nodes,pods,services", READ),
            on("", "services/finalizers", "update"),
            on(
                "discovery.k8s.io",
                "endpointslices",
                "create,delete,get,list,update,watch",
            ),
            on("discovery.k8s.io", "endpointslices/restricted", "create"),
            EVENTS,
        ],
    ),
    (
        "endpointslicemirroring-controller",
        &[
            on("", "endpoints,services", READ),
            on("", "endpoints/finalizers,services/finalizers", "update"),
            on(
                "discovery.k8s.io",
                "endpointslices",
                "create,delete,get,list,update,watch",
            ),
            on("discovery.k8s.io", "endpointslices/restricted", "create"),
            EVENTS,
        ],
    ),
    (
        "event-expiry-controller",
        &[on("", "events", "delete,get,list,watch")],
    ),
    (
        "flow-schema-controller",
        &[
            on(
                "flowcontrol.apiserver.k8s.io",
                "flowschemas,prioritylevelconfigurations",
                "create,get,list,watch",
            ),
            on(
                "flowcontrol.apiserver.k8s.io",
                "flowschemas/status",
                "update",
            ),
        ],
    ),
    (
        "generic-garbage-collector",
        &[on("*", "*", "delete,get,list,patch,update,watch"), EVENTS],
    ),
    (
        "horizontal-pod-autoscaler",
        &[
            on("autoscaling", "horizontalpodautoscalers", READ),
            on("autoscaling", "horizontalpodautoscalers/status", "update"),
            on("*", "*/scale", "get,update"),
            on("", "pods", "list"),
            on("metrics.k8s.io", "pods", "list"),
            on(
                "custom.metrics.k8s.io,external.metrics.k8s.io",
                "*",
                "get,list",
            ),
            EVENTS,
        ],
    ),
    (
        "job-controller",
        &[
            on("batch", "jobs", "get,list,patch,update,watch"),
            on("batch", "jobs/status", "update"),
            on("batch", "jobs/finalizers", "update"),
            PODS_OF_SETS,
            EVENTS,
        ],
    ),
    (
        "namespace-controller",
        &[
            on("", "namespaces", "delete,get,list,watch"),
            on("", "namespaces/finalize,namespaces/status", "update"),
            on("apiregistration.k8s.io", "apiservices", READ),
            on("*", "*", "delete,deletecollection,get,list"),
        ],
    ),
    (
        "node-controller",
        &[
            on("", "nodes", "delete,get,list,patch,update,watch"),
            on("", "nodes/status", "patch,update"),
            on("", "pods/status", "patch,update"),
            on("", "pods", "delete,get,list,watch"),
            on("coordination.k8s.io", "leases", READ),
            EVENTS,
        ],
    ),
    (
        "pod-garbage-collector",
        &[
            on("", "pods", "delete,list,watch"),
            on("", "nodes", "get,list"),
            on("", "pods/status", "patch"),
        ],
    ),
    (
        "pv-protection-controller",
        &[on("", "persistentvolumes", "get,list,update,watch"), EVENTS],
    ),
    (
        "pvc-protection-controller",
        &[
            on("", "persistentvolumeclaims", "get,list,update,watch"),
            on("", "pods", READ),
            EVENTS,
        ],
    ),
    (
        "replicaset-controller",
        &[
            on("apps", "replicasets", "get,list,update,watch"),
            on("apps", "replicasets/status", "update"),
            on("apps", "replicasets/finalizers", "update"),
            PODS_OF_SETS,
            EVENTS,
        ],
    ),
    (
        "replication-controller",
        &[
            on("", "replicationcontrollers", "get,list,update,watch"),
            on("", "replicationcontrollers/status", "update"),
            on("", "replicationcontrollers/finalizers", "update"),
            PODS_OF_SETS,
            EVENTS,
        ],
    ),
    (
        "resourcequota-controller",
        &[
            on("*", "*", "list,watch"),
            on("", "resourcequotas/status", "update"),
            EVENTS,
        ],
    ),
    (
        "root-ca-cert-publisher",
        &[on("", "configmaps", "create,update"), EVENTS],
    ),
    (
        "service-account-controller",
        &[on("", "serviceaccounts", "create"), EVENTS],
    ),
    (
        "service-cidrs-controller",
        &[
            on("networking.k8s.io", "servicecidrs", "get,list,update,watch"),
            on(
                "networking.k8s.io",
                "servicecidrs/finalizers,servicecidrs/status",
                "update",
            ),
            on("networking.k8s.io", "ipaddresses", READ),
            EVENTS,
        ],
    ),
    (
        "statefulset-controller",
        &[
            on("", "pods", "create,delete,get,list,patch,update,watch"),
            on("apps", "statefulsets", READ),
            on("apps", "statefulsets/status", "update"),
            on("apps", "statefulsets/finalizers", "update"),
            on("apps", "controllerrevisions", REVISIONS),
            on(
                "",
                "persistentvolumeclaims",
                "create,delete,get,list,update,watch",
            ),
            EVENTS,
        ],
    ),
    (
        "ttl-after-finished-controller",
        &[on("batch", "jobs", "delete,get,list,watch"), EVENTS],
    ),
    (
        "validatingadmissionpolicy-status-controller",
        &[
            on(
                "admissionregistration.k8s.io",
                "validatingadmissionpolicies",
                READ,
            ),
            on(
                "admissionregistration.k8s.io",
                "validatingadmissionpolicies/status",
                "get,patch,update",
            ),
            EVENTS,
        ],
    ),
];
