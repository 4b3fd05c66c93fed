//! The one list of controllers, for whoever runs them.

use std::fmt;

use gantry_api::Caller;
use gantry_reconcile::Controller;

use crate::{
    APIRegistrations, CertificateApproval, CertificateCleaning, ClaimProtection,
    ClusterRoleAggregation, CustomDefinitions, Deployments, Disruption, EndpointSlices,
    EndpointsObjects, EventExpiry, FlowSchemas, Garbage, Namespaces, NodeLife, PodCleanup,
    PolicyStatus, ReplicaSets, ReplicationControllers, ResourceQuotas, RootCa, ServiceAccounts,
    ServiceCidrs, VolumeProtection,
};

/// Told of each controller; their types differ, so that they cannot be a list of values.
pub trait Visitor {
    /// Takes one of them.
    fn visit<C: Controller>(&mut self, controller: C)
    where
        C::World: Send + Sync + fmt::Debug;
}

/// Shows all controllers to `visitor`. `ca_pem` is the certificate that clusters hand to pods.
pub fn all(ca_pem: &str, visitor: &mut impl Visitor) {
    visitor.visit(APIRegistrations);
    visitor.visit(CertificateApproval);
    visitor.visit(CertificateCleaning);
    visitor.visit(ClaimProtection);
    visitor.visit(ClusterRoleAggregation);
    visitor.visit(CustomDefinitions);
    visitor.visit(Deployments);
    visitor.visit(Disruption);
    visitor.visit(EndpointSlices);
    visitor.visit(EndpointsObjects);
    visitor.visit(EventExpiry);
    visitor.visit(FlowSchemas);
    visitor.visit(Garbage::default());
    visitor.visit(Namespaces::default());
    visitor.visit(NodeLife::default());
    visitor.visit(PodCleanup);
    visitor.visit(PolicyStatus);
    visitor.visit(ReplicaSets::default());
    visitor.visit(ReplicationControllers::default());
    visitor.visit(ResourceQuotas::default());
    visitor.visit(RootCa::new(ca_pem.to_owned()));
    visitor.visit(ServiceAccounts);
    visitor.visit(ServiceCidrs);
    visitor.visit(VolumeProtection);
}

/// Whom the API knows a controller as: the account that its role is bound to.
#[must_use]
pub fn caller(name: &str) -> Caller {
    let user = format!("system:serviceaccount:kube-system:{name}");
    let groups = [
        "system:serviceaccounts",
        "system:serviceaccounts:kube-system",
    ];
    Caller::authenticated(&user, &groups)
}
