//! How traffic is to flow: into the cluster, between pods, and to the addresses of services.

mod ingress;
mod ingress_class;
mod ip_address;
mod network_policy;
mod service_cidr;
#[cfg(test)]
mod tests;

pub use ingress::Ingresses;
pub use ingress_class::IngressClasses;
pub use ip_address::IPAddresses;
pub use network_policy::NetworkPolicies;
pub use service_cidr::ServiceCIDRs;
