//! Removes requests that are over: an hour after they were decided, a day when nobody decides.

use std::sync::Arc;
use std::time::Duration;

use k8s_openapi::api::certificates::v1::CertificateSigningRequest;

use gantry_api::ObjectKey;
use gantry_api::views::Meta;
use gantry_base::Timestamp;
use gantry_base::time::since;
use gantry_reconcile::{Controller, Plan, Reconciler, Sources, View, Write};

use super::{condition, is_issued};
use crate::limits::{DECIDED_REQUEST_LIFE, PENDING_REQUEST_LIFE};

/// The controller that removes.
#[derive(Clone, Copy, Debug, Default)]
pub struct CertificateCleaning;

/// One request and the time.
#[derive(Debug)]
pub struct World {
    request: Arc<CertificateSigningRequest>,
    now: Timestamp,
}

impl Controller for CertificateCleaning {
    const NAME: &'static str = "certificate-cleaner";

    fn sources(&self) -> Sources {
        Sources::new().own::<CertificateSigningRequest>()
    }

    fn observe(&self, view: &View, key: &ObjectKey, now: Timestamp) -> Option<World> {
        let request = view.get::<CertificateSigningRequest>("", &key.name)?;
        Some(World { request, now })
    }
}

impl Reconciler for CertificateCleaning {
    type Key = ObjectKey;
    type World = World;
    type Action = Write;

    fn reconcile(&self, world: &World) -> Plan<Write> {
        let mut plan = Plan::default();
        let request = &world.request;
        let left = left(request, world.now);
        if left.is_zero() {
            plan.act(Write::delete(request.as_ref()));
        } else {
            plan.recheck_after(left);
        }
        plan
    }
}

/// How long the request may stay.
fn left(request: &CertificateSigningRequest, now: Timestamp) -> Duration {
    let over = if is_issued(request) {
        condition(request, "Approved")
    } else {
        condition(request, "Denied").or_else(|| condition(request, "Failed"))
    };
    let decided = over.map(|condition| {
        let update = condition.last_update_time.as_ref().map(|time| time.0);
        update.or_else(|| request.created_at()).unwrap_or(now)
    });
    let (life, from) = match decided {
        Some(decided) => (DECIDED_REQUEST_LIFE, decided),
        None => (PENDING_REQUEST_LIFE, request.created_at().unwrap_or(now)),
    };
    life.saturating_sub(since(now, from))
}
