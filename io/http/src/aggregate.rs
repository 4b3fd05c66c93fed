//! Other API servers behind this one: what they serve is passed on to them, and told to clients
//! together with what is served here.
//!
//! What is told of them was asked beforehand: a server that does not answer holds up nobody who
//! wants to know what there is.

mod dial;
mod fetch;
mod heard;
mod identity;
mod keeper;
mod onward;
mod sweep;

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use http::{Request, Response};
use hyper::body::Incoming;
use rustls::pki_types::CertificateDer;
use tokio::sync::Notify;

use gantry_api::{Caller, GroupVersion, Rejection};
use gantry_gateway::{Document, Gateway, Others};
use gantry_pki::FrontProxy;
use gantry_registry::discovery::Other;
use gantry_registry::extensions::{Known, Registered};

use crate::about::About;
use crate::body::Body;
use crate::filters::authorize;
use crate::front::Front;

pub(crate) use keeper::keep;
pub(crate) use sweep::sweep;

use heard::Heard;

/// What is known of the other servers.
#[derive(Debug)]
pub(crate) struct Aggregate {
    proxy: Arc<FrontProxy>,
    /// Whom this machine trusts, read when somebody wants that.
    roots: OnceLock<Vec<CertificateDer<'static>>>,
    /// Held while something is added or copied.
    heard: Mutex<Heard>,
    /// Told when one of them did not answer: then somebody looks whether it is still there.
    doubts: Notify,
}

impl Aggregate {
    pub(crate) fn new(proxy: Arc<FrontProxy>) -> Self {
        Self {
            proxy,
            roots: OnceLock::new(),
            heard: Mutex::default(),
            doubts: Notify::new(),
        }
    }

    fn heard(&self) -> MutexGuard<'_, Heard> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What they serve, for discovery.
    pub(crate) fn discovered(&self) -> Arc<[Other]> {
        self.heard().discovered()
    }

    /// What they publish.
    pub(crate) fn published(&self) -> Arc<Others> {
        self.heard().published()
    }

    /// What one of them publishes at a path below `/openapi/v3/`.
    pub(crate) fn document(&self, path: &str) -> Option<Document> {
        self.heard().published().third.get(path).cloned()
    }
}

/// Who serves the version of the group that a path leads to, if that is another server.
pub(crate) fn behind(gateway: &Gateway, path: &str) -> Option<Registered> {
    let mut parts = path.strip_prefix("/apis/")?.splitn(3, '/');
    let (group, version) = (parts.next()?, parts.next()?);
    let extensions = gateway.extensions();
    if extensions.is_empty() {
        return None;
    }
    extensions.get(&GroupVersion::new(group, version)).cloned()
}

/// Passes a request on, if its caller may make it.
pub(crate) async fn pass_on(
    front: &Arc<Front>,
    caller: &Caller,
    request: Request<Incoming>,
    to: Registered,
) -> Result<Response<Body>, Rejection> {
    let about = About::of(&request);
    authorize::check(&front.gateway, &about.attributes(caller))?;
    let Registered { extension, known } = to;
    let unavailable = |why: &str| {
        Err(Rejection::Unavailable {
            message: format!(
                "the API service {:?} cannot be asked: {why}",
                extension.name
            ),
        })
    };
    match known {
        Known::Available => {}
        Known::Unavailable(why) => return unavailable(&why),
        Known::Nothing => return unavailable("nobody looked yet whether it is there; try again"),
    }
    let places = match front.gateway.places(&extension.service) {
        Ok(places) => places,
        Err(why) => return unavailable(&why.to_string()),
    };
    let passed = onward::pass(front, caller, request, (&extension, &places)).await;
    if let Err(Rejection::Unavailable { .. } | Rejection::Timeout { .. }) = &passed {
        front.aggregate.doubts.notify_one();
    }
    passed
}
