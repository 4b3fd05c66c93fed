//! Approves what a node asks for itself: a new client certificate in the name that it has already.
//!
//! Everything else is for people to approve, machines that join included.

use std::sync::Arc;

use k8s_openapi::api::certificates::v1::{
    CertificateSigningRequest, CertificateSigningRequestCondition,
};

use gantry_api::ObjectKey;
use gantry_base::Timestamp;
use gantry_kinds::certificates::wishes;
use gantry_reconcile::{Controller, Plan, Reconciler, Sources, View, Write};

use super::{NODE_CLIENT, condition, issuing};

/// The controller that approves.
#[derive(Clone, Copy, Debug, Default)]
pub struct CertificateApproval;

/// One request.
#[derive(Debug)]
pub struct World {
    request: Arc<CertificateSigningRequest>,
}

impl Controller for CertificateApproval {
    const NAME: &'static str = "certificate-approver";

    fn sources(&self) -> Sources {
        Sources::new().own::<CertificateSigningRequest>()
    }

    fn observe(&self, view: &View, key: &ObjectKey, _now: Timestamp) -> Option<World> {
        let request = view.get::<CertificateSigningRequest>("", &key.name)?;
        Some(World { request })
    }
}

impl Reconciler for CertificateApproval {
    type Key = ObjectKey;
    type World = World;
    type Action = Write;

    fn reconcile(&self, world: &World) -> Plan<Write> {
        let mut plan = Plan::default();
        let request = &world.request;
        let is_decided = ["Approved", "Denied"]
            .iter()
            .any(|kind| condition(request, kind).is_some());
        if !is_decided && is_renewal(request) {
            plan.act(approve(request));
        }
        plan
    }
}

/// Whether a node asks for what it has.
fn is_renewal(request: &CertificateSigningRequest) -> bool {
    let spec = &request.spec;
    let Some(wishes) = wishes(&spec.request.0) else {
        return false;
    };
    let groups = spec.groups.as_deref().unwrap_or(&[]);
    spec.signer_name == NODE_CLIENT
        && issuing::check(spec, &wishes).is_ok()
        && spec.username.as_deref() == Some(&wishes.user)
        && groups.iter().any(|group| group == "system:nodes")
}

fn approve(request: &CertificateSigningRequest) -> Write {
    let mut approved = request.clone();
    let status = approved.status.get_or_insert_default();
    let conditions = status.conditions.get_or_insert_default();
    conditions.push(CertificateSigningRequestCondition {
        type_: "Approved".to_owned(),
        status: "True".to_owned(),
        reason: Some("AutoApproved".to_owned()),
        message: Some("a node renews its own certificate".to_owned()),
        ..CertificateSigningRequestCondition::default()
    });
    let mut write = Write::update(&approved);
    if let Write::Update { subresource, .. } = &mut write {
        *subresource = Some("approval");
    }
    write
}
