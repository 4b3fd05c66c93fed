//! Values that only their own functions look into.

use std::net::IpAddr;

use gantry_base::{Cidr, Quantity};

use super::names::Notation;
use super::semver::Version;
use super::url::Url;

/// A value that only its own functions look into.
#[derive(Clone, Debug)]
pub enum Opaque {
    /// An exact amount.
    Quantity(Quantity),
    /// An address.
    Ip(IpAddr),
    /// A block of addresses.
    Cidr(Cidr),
    /// A place on the web.
    Url(Url),
    /// A version in three numbers.
    Version(Version),
    /// A rule of names.
    Format(Notation),
}

impl Opaque {
    pub(crate) const fn type_name(&self) -> &'static str {
        match self {
            Self::Quantity(_) => "kubernetes.Quantity",
            Self::Ip(_) => "net.IP",
            Self::Cidr(_) => "net.CIDR",
            Self::Url(_) => "kubernetes.URL",
            Self::Version(_) => "kubernetes.Semver",
            Self::Format(_) => "kubernetes.NamedFormat",
        }
    }
}

impl PartialEq for Opaque {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Quantity(one), Self::Quantity(other)) => one == other,
            (Self::Ip(one), Self::Ip(other)) => one == other,
            (Self::Cidr(one), Self::Cidr(other)) => one == other,
            (Self::Url(one), Self::Url(other)) => one == other,
            (Self::Version(one), Self::Version(other)) => one.cmp(other).is_eq(),
            (Self::Format(one), Self::Format(other)) => one == other,
            _ => false,
        }
    }
}

/// The full name of a type that signatures call `name`.
pub(crate) fn full_name(name: &str) -> Option<&'static str> {
    Some(match name {
        "quantity" => "kubernetes.Quantity",
        "ip" => "net.IP",
        "cidr" => "net.CIDR",
        "url" => "kubernetes.URL",
        "semver" => "kubernetes.Semver",
        "format" => "kubernetes.NamedFormat",
        "authorizer" => AUTHORIZER,
        "path_check" => "kubernetes.authorization.PathCheck",
        "group_check" => "kubernetes.authorization.GroupCheck",
        "resource_check" => RESOURCE_CHECK,
        "decision" => "kubernetes.authorization.Decision",
        _ => return None,
    })
}

/// The type of the authorizer.
pub(crate) const AUTHORIZER: &str = "kubernetes.authorization.Authorizer";

/// The type of a question about a resource.
pub(crate) const RESOURCE_CHECK: &str = "kubernetes.authorization.ResourceCheck";
