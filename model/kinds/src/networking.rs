//! The addresses of services: which there are, and who has them.

mod ip_address;
mod service_cidr;

pub use ip_address::IPAddresses;
pub use service_cidr::ServiceCIDRs;
