//! What is particular to each kind, and the descriptor through which the rest sees it.
//!
//! A kind is one file in the folder of its group and one line in [`builtin`]. Everything that kinds
//! share is elsewhere: the registry for verbs, the schema for shapes. Nothing here keeps state.

pub mod admissionregistration;
pub mod apiextensions;
pub mod apiregistration;
pub mod apps;
pub mod authentication;
pub mod author;
pub mod authorization;
pub mod autoscaling;
pub mod batch;
pub mod bootstrap;
pub mod certificates;
pub mod column;
pub mod coordination;
pub mod core_v1;
pub mod cost;
pub mod custom;
pub mod describe;
pub mod descriptor;
pub mod discovery;
pub mod flowcontrol;
pub mod kind;
pub mod networking;
pub mod node;
pub mod parts;
pub mod policy;
pub mod rbac;
pub mod resource;
pub mod rules;
pub mod scheduling;
pub mod storage;
pub mod subresource;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod tidy;

pub use author::Author;
pub use cost::Cost;
pub use custom::Converter;
pub use describe::{describe, describe_stored_as};
pub use descriptor::{Descriptor, Hooks, Names, Scale, ScalePaths, Scope, SelectableField, Verbs};
pub use kind::Kind;
pub use rules::{Dependents, Generation, Rules, StatusRule};
pub use subresource::Subresource;

use k8s_openapi::api::autoscaling::v2::HorizontalPodAutoscaler;
use k8s_openapi::api::core::v1::Event;

/// All built-in kinds, in alphabetical order within their group.
#[must_use]
pub fn builtin() -> Vec<Descriptor> {
    vec![
        describe::<admissionregistration::MutatingWebhookConfigurations>(),
        describe::<admissionregistration::ValidatingAdmissionPolicies>(),
        describe::<admissionregistration::ValidatingAdmissionPolicyBindings>(),
        describe::<admissionregistration::ValidatingWebhookConfigurations>(),
        describe::<apiextensions::CustomResourceDefinitions>(),
        describe::<apiregistration::APIServices>(),
        describe::<apps::ControllerRevisions>(),
        describe::<apps::DaemonSets>(),
        describe::<apps::Deployments>(),
        describe::<apps::ReplicaSets>(),
        describe::<apps::StatefulSets>(),
        describe::<authentication::SelfSubjectReviews>(),
        describe::<authentication::TokenReviews>(),
        describe::<authorization::LocalSubjectAccessReviews>(),
        describe::<authorization::SelfSubjectAccessReviews>(),
        describe::<authorization::SelfSubjectRulesReviews>(),
        describe::<authorization::SubjectAccessReviews>(),
        describe_stored_as::<autoscaling::CpuAutoscalers, HorizontalPodAutoscaler>(),
        describe::<autoscaling::HorizontalPodAutoscalers>(),
        describe::<batch::CronJobs>(),
        describe::<batch::Jobs>(),
        describe::<certificates::CertificateSigningRequests>(),
        describe::<coordination::Leases>(),
        describe::<core_v1::Bindings>(),
        describe::<core_v1::ComponentStatuses>(),
        describe::<core_v1::ConfigMaps>(),
        describe::<core_v1::EndpointsKind>(),
        describe::<core_v1::Events>(),
        describe::<core_v1::LimitRanges>(),
        describe::<core_v1::Namespaces>(),
        describe::<core_v1::Nodes>(),
        describe::<core_v1::PersistentVolumeClaims>(),
        describe::<core_v1::PersistentVolumes>(),
        describe::<core_v1::PodTemplates>(),
        describe::<core_v1::Pods>(),
        describe::<core_v1::ReplicationControllers>(),
        describe::<core_v1::ResourceQuotas>(),
        describe::<core_v1::Secrets>(),
        describe::<core_v1::ServiceAccounts>(),
        describe::<core_v1::Services>(),
        describe::<discovery::EndpointSlices>(),
        describe_stored_as::<core_v1::GroupedEvents, Event>(),
        describe::<flowcontrol::FlowSchemas>(),
        describe::<flowcontrol::PriorityLevelConfigurations>(),
        describe::<networking::IPAddresses>(),
        describe::<networking::IngressClasses>(),
        describe::<networking::Ingresses>(),
        describe::<networking::NetworkPolicies>(),
        describe::<networking::ServiceCIDRs>(),
        describe::<node::RuntimeClasses>(),
        describe::<policy::PodDisruptionBudgets>(),
        describe::<rbac::ClusterRoleBindings>(),
        describe::<rbac::ClusterRoles>(),
        describe::<rbac::RoleBindings>(),
        describe::<rbac::Roles>(),
        describe::<resource::DeviceClasses>(),
        describe::<resource::ResourceClaimTemplates>(),
        describe::<resource::ResourceClaims>(),
        describe::<resource::ResourceSlices>(),
        describe::<scheduling::PriorityClasses>(),
        describe::<storage::CSIDrivers>(),
        describe::<storage::CSINodes>(),
        describe::<storage::CSIStorageCapacities>(),
        describe::<storage::StorageClasses>(),
        describe::<storage::VolumeAttachments>(),
        describe::<storage::VolumeAttributesClasses>(),
    ]
}
