//! Which certificate an approved request gets, and why it gets none.
//!
//! Each signer of the cluster has a contract: whom it vouches for, for what, and for how long.

use std::sync::Arc;
use std::time::Duration;

use k8s_openapi::api::certificates::v1::{
    CertificateSigningRequest, CertificateSigningRequestCondition, CertificateSigningRequestSpec,
};

use gantry_api::ObjectKey;
use gantry_base::Timestamp;
use gantry_kinds::certificates::{Wishes, wishes};
use gantry_reconcile::{Plan, Reconciler, Sources, View, Write};

use super::{CLIENT, NODE_CLIENT, NODE_SERVER, condition, is_issued};
use crate::limits::CERTIFICATE_LIFE;

/// Who issues.
pub const NAME: &str = "certificate-controller";
const NODES: &str = "system:nodes";
const NODE: &str = "system:node:";

/// The signers of the cluster.
#[derive(Clone, Copy, Debug, Default)]
pub struct CertificateIssuing;

/// One request.
#[derive(Debug)]
pub struct World {
    request: Arc<CertificateSigningRequest>,
}

/// What becomes of a request.
#[derive(Clone, Debug, PartialEq)]
pub enum Issuing {
    /// It gets a certificate.
    Issue(Box<Order>),
    /// It gets none, and is told why.
    Fail(Box<Write>),
}

/// A certificate that is to be issued.
#[derive(Clone, Debug, PartialEq)]
pub struct Order {
    /// The request.
    pub request: CertificateSigningRequest,
    /// To show who a client is.
    pub client: bool,
    /// To show who a server is.
    pub server: bool,
    /// To carry another key.
    pub encipherment: bool,
    /// How long it is good.
    pub life: Duration,
}

impl CertificateIssuing {
    /// What makes which requests due.
    #[must_use]
    pub fn sources(&self) -> Sources {
        Sources::new().own::<CertificateSigningRequest>()
    }

    /// Gathers the world for a request.
    #[must_use]
    pub fn observe(&self, view: &View, key: &ObjectKey, _now: Timestamp) -> Option<World> {
        let request = view.get::<CertificateSigningRequest>("", &key.name)?;
        Some(World { request })
    }
}

impl World {
    /// A world of one request.
    #[must_use]
    pub const fn new(request: Arc<CertificateSigningRequest>) -> Self {
        Self { request }
    }
}

impl Reconciler for CertificateIssuing {
    type Key = ObjectKey;
    type World = World;
    type Action = Issuing;

    fn reconcile(&self, world: &World) -> Plan<Issuing> {
        let mut plan = Plan::default();
        let request = &world.request;
        let is_ours =
            [CLIENT, NODE_CLIENT, NODE_SERVER].contains(&request.spec.signer_name.as_str());
        let is_over = ["Denied", "Failed"]
            .iter()
            .any(|kind| condition(request, kind).is_some());
        let is_approved = condition(request, "Approved").is_some();
        if !is_ours || !is_approved || is_over || is_issued(request) {
            return plan;
        }
        let wishes = wishes(&request.spec.request.0).unwrap_or_default();
        match check(&request.spec, &wishes) {
            Ok(()) => plan.act(Issuing::Issue(Box::new(order(request)))),
            Err(why) => plan.act(Issuing::Fail(Box::new(fail(request, &why)))),
        }
        plan
    }
}

fn has(spec: &CertificateSigningRequestSpec, usage: &str) -> bool {
    spec.usages.iter().flatten().any(|own| own == usage)
}

fn order(request: &CertificateSigningRequest) -> Order {
    let spec = &request.spec;
    let asked = spec
        .expiration_seconds
        .and_then(|seconds| u64::try_from(seconds).ok());
    let asked = asked.map_or(CERTIFICATE_LIFE, Duration::from_secs);
    Order {
        request: request.clone(),
        client: has(spec, "client auth"),
        server: has(spec, "server auth"),
        encipherment: has(spec, "key encipherment"),
        life: asked.min(CERTIFICATE_LIFE),
    }
}

/// Says what in a request the contract of its signer does not allow.
pub(super) fn check(spec: &CertificateSigningRequestSpec, wishes: &Wishes) -> Result<(), String> {
    let usage = match spec.signer_name.as_str() {
        NODE_SERVER => "server auth",
        _ => "client auth",
    };
    let allowed = [usage, "digital signature", "key encipherment"];
    if let Some(odd) = spec
        .usages
        .iter()
        .flatten()
        .find(|own| !allowed.contains(&own.as_str()))
    {
        return Err(format!("usage {odd:?} is not one of this signer's"));
    }
    if !has(spec, usage) {
        return Err(format!("usage {usage:?} is missing"));
    }
    if spec.signer_name == CLIENT {
        return Ok(());
    }
    if !has(spec, "digital signature") {
        return Err("usage \"digital signature\" is missing".to_owned());
    }
    if wishes.organizations != [NODES] {
        return Err(format!("the organization has to be {NODES:?}"));
    }
    let name = wishes.user.strip_prefix(NODE);
    if name.is_none_or(str::is_empty) {
        return Err(format!("the common name has to begin with {NODE:?}"));
    }
    if wishes.others > 0 {
        return Err("names of mailboxes or paths are not for nodes".to_owned());
    }
    match (spec.signer_name.as_str(), wishes.hosts) {
        (NODE_CLIENT, 0) => Ok(()),
        (NODE_CLIENT, _) => Err("host names are for servers".to_owned()),
        (_, 0) => Err("at least one host name or address is required".to_owned()),
        (_, _) => Ok(()),
    }
}

fn fail(request: &CertificateSigningRequest, why: &str) -> Write {
    let mut failed = request.clone();
    let status = failed.status.get_or_insert_default();
    let conditions = status.conditions.get_or_insert_default();
    conditions.push(CertificateSigningRequestCondition {
        type_: "Failed".to_owned(),
        status: "True".to_owned(),
        reason: Some("SignerValidationFailure".to_owned()),
        message: Some(why.to_owned()),
        ..CertificateSigningRequestCondition::default()
    });
    Write::update_status(&failed)
}

/// The request with its certificate.
#[must_use]
pub fn issued(mut request: CertificateSigningRequest, certificate: String) -> Write {
    let status = request.status.get_or_insert_default();
    status.certificate = Some(k8s_openapi::ByteString(certificate.into_bytes()));
    Write::update_status(&request)
}
