//! The one list of kinds, for controllers that care for objects of every kind.

use k8s_openapi::api::apps::v1::{ControllerRevision, Deployment, ReplicaSet};
use k8s_openapi::api::coordination::v1::Lease;
use k8s_openapi::api::core::v1::{
    ConfigMap, Endpoints, Event, LimitRange, Namespace, Node, PersistentVolumeClaim, Pod,
    PodTemplate, ReplicationController, ResourceQuota, Secret, Service, ServiceAccount,
};
use k8s_openapi::api::discovery::v1::EndpointSlice;
use k8s_openapi::api::networking::v1::{IPAddress, ServiceCIDR};
use k8s_openapi::api::policy::v1::PodDisruptionBudget;
use k8s_openapi::api::rbac::v1::{ClusterRole, ClusterRoleBinding, Role, RoleBinding};
use k8s_openapi::api::scheduling::v1::PriorityClass;

use gantry_reconcile::sources::Kind;

/// Told of each kind; their types differ, so that they cannot be a list of values.
pub(crate) trait Census {
    /// Objects of `T` live in namespaces.
    fn namespaced<T: Kind>(&mut self);

    /// Objects of `T` live in namespaces, change all the time, and are nobody's owners.
    fn fleeting<T: Kind>(&mut self);

    /// Objects of `T` live outside of namespaces.
    fn cluster_wide<T: Kind>(&mut self);
}

/// Counts all kinds.
pub(crate) fn count<C: Census>(mut census: C) -> C {
    census.namespaced::<ConfigMap>();
    census.namespaced::<ControllerRevision>();
    census.namespaced::<Deployment>();
    census.namespaced::<EndpointSlice>();
    census.namespaced::<Endpoints>();
    census.namespaced::<LimitRange>();
    census.namespaced::<PersistentVolumeClaim>();
    census.namespaced::<Pod>();
    census.namespaced::<PodDisruptionBudget>();
    census.namespaced::<PodTemplate>();
    census.namespaced::<ReplicaSet>();
    census.namespaced::<ReplicationController>();
    census.namespaced::<ResourceQuota>();
    census.namespaced::<Role>();
    census.namespaced::<RoleBinding>();
    census.namespaced::<Secret>();
    census.namespaced::<Service>();
    census.namespaced::<ServiceAccount>();
    census.fleeting::<Event>();
    census.fleeting::<Lease>();
    census.cluster_wide::<ClusterRole>();
    census.cluster_wide::<ClusterRoleBinding>();
    census.cluster_wide::<IPAddress>();
    census.cluster_wide::<Namespace>();
    census.cluster_wide::<Node>();
    census.cluster_wide::<PriorityClass>();
    census.cluster_wide::<ServiceCIDR>();
    census
}
