//! The objects that a fresh server must contain before it serves anybody.
//!
//! They have their defaults; uid, creation time and generation are the registry's. What becomes of
//! those that a starting server finds changed is said by [`mended`].

mod api_services;
mod cluster_roles;
mod controller_roles;
mod grant;
mod local_roles;
mod mend;
mod role;
#[cfg(test)]
mod tests;
mod user_roles;

pub use api_services::{MANAGED, group_priority, is_own_group, registration};
pub use mend::mended;

use gantry_api::Object;
use k8s_openapi::api::core::v1::Namespace;
use k8s_openapi::api::networking::v1::{ServiceCIDR, ServiceCIDRSpec};
use k8s_openapi::api::scheduling::v1::PriorityClass;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use crate::core_v1::Namespaces;
use crate::describe::tree;
use crate::flowcontrol::{FlowSchemas, PriorityLevelConfigurations, system};
use crate::kind::Kind;
use crate::networking::ServiceCIDRs;
use crate::scheduling::PriorityClasses;
use crate::scheduling::priority_class::SYSTEM;

/// The namespaces that always exist.
pub const NAMESPACES: [&str; 4] = ["default", "kube-node-lease", "kube-public", "kube-system"];

/// What the objects of a fresh server depend on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bootstrap {
    /// The ranges that addresses of services are taken from, one per family.
    pub service_ranges: Vec<String>,
}

/// All objects, in an order in which they can be created.
#[must_use]
pub fn objects(config: &Bootstrap) -> Vec<Object> {
    let mut all: Vec<Object> = NAMESPACES.iter().map(|name| namespace(name)).collect();
    all.extend(SYSTEM.iter().map(priority_class));
    all.push(service_range(config));
    all.extend(user_roles::objects());
    all.extend(cluster_roles::objects());
    all.extend(controller_roles::objects());
    all.extend(local_roles::objects());
    all.extend(system::levels().map(finished::<PriorityLevelConfigurations>));
    all.extend(system::schemas().map(finished::<FlowSchemas>));
    all.extend(api_services::objects());
    all
}

fn namespace(name: &str) -> Object {
    let metadata = named(name);
    finished::<Namespaces>(Namespace {
        metadata,
        ..Namespace::default()
    })
}

fn priority_class((name, value, description): &(&str, i32, &str)) -> Object {
    finished::<PriorityClasses>(PriorityClass {
        metadata: named(name),
        value: *value,
        description: Some((*description).to_owned()),
        ..PriorityClass::default()
    })
}

fn service_range(config: &Bootstrap) -> Object {
    let spec = ServiceCIDRSpec {
        cidrs: Some(config.service_ranges.clone()),
    };
    let metadata = named("kubernetes");
    finished::<ServiceCIDRs>(ServiceCIDR {
        metadata,
        spec: Some(spec),
        status: None,
    })
}

fn named(name: &str) -> ObjectMeta {
    ObjectMeta {
        name: Some(name.to_owned()),
        ..ObjectMeta::default()
    }
}

/// The object as a create would leave it.
fn finished<K: Kind>(mut object: K::Object) -> Object {
    K::default(&mut object);
    K::prepare(&mut object, None);
    tree::<K>(&object).expect("types of the API are written as maps with text keys")
}
