//! What can lie below an object's path: `/status`, `/scale`, `/exec`, ...

/// A subresource of a kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Subresource {
    /// Read or write what was decided about a request.
    Approval,
    /// Attach to a running process.
    Attach,
    /// Bind a pod to a node.
    Binding,
    /// Add containers for debugging to a running pod.
    EphemeralContainers,
    /// Ask for a pod to go, within its disruption budgets.
    Eviction,
    /// Run a command in a container.
    Exec,
    /// Take away a namespace's own finalizers.
    Finalize,
    /// Read what a container wrote.
    Log,
    /// Forward ports into a pod.
    PortForward,
    /// Relay HTTP to the object.
    Proxy,
    /// Change the resources of a running pod.
    Resize,
    /// Read or set the number of replicas in a form that all scalable kinds share.
    Scale,
    /// Read or write what was observed.
    Status,
    /// Issue a token.
    Token,
}

/// The kind that a subresource speaks, as (group, version, kind).
pub type Spoken = (&'static str, &'static str, &'static str);

impl Subresource {
    /// The segment of the path.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Approval => "approval",
            Self::Attach => "attach",
            Self::Binding => "binding",
            Self::EphemeralContainers => "ephemeralcontainers",
            Self::Eviction => "eviction",
            Self::Exec => "exec",
            Self::Finalize => "finalize",
            Self::Log => "log",
            Self::PortForward => "portforward",
            Self::Proxy => "proxy",
            Self::Resize => "resize",
            Self::Scale => "scale",
            Self::Status => "status",
            Self::Token => "token",
        }
    }

    /// What can be done with it, in alphabetical order.
    #[must_use]
    pub const fn verbs(self) -> &'static [&'static str] {
        match self {
            Self::Attach | Self::Exec | Self::PortForward => &["create", "get"],
            Self::Binding | Self::Eviction | Self::Token => &["create"],
            Self::Approval
            | Self::EphemeralContainers
            | Self::Resize
            | Self::Scale
            | Self::Status => &["get", "patch", "update"],
            Self::Finalize => &["update"],
            Self::Log => &["get"],
            Self::Proxy => &["create", "delete", "get", "patch", "update"],
        }
    }

    /// The kind it speaks, below an object of the kind `parent`; nothing when it is the parent's.
    #[must_use]
    pub fn speaks(self, parent: &str) -> Option<Spoken> {
        match self {
            Self::Attach => Some(("", "v1", "PodAttachOptions")),
            Self::Binding => Some(("", "v1", "Binding")),
            Self::Eviction => Some(("policy", "v1", "Eviction")),
            Self::Exec => Some(("", "v1", "PodExecOptions")),
            Self::PortForward => Some(("", "v1", "PodPortForwardOptions")),
            Self::Proxy => match parent {
                "Node" => Some(("", "v1", "NodeProxyOptions")),
                "Service" => Some(("", "v1", "ServiceProxyOptions")),
                _ => Some(("", "v1", "PodProxyOptions")),
            },
            Self::Scale => Some(("autoscaling", "v1", "Scale")),
            Self::Token => Some(("authentication.k8s.io", "v1", "TokenRequest")),
            Self::Approval
            | Self::EphemeralContainers
            | Self::Finalize
            | Self::Log
            | Self::Resize
            | Self::Status => None,
        }
    }
}
