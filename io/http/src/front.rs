//! What every request has at hand, and the order in which it is treated.

use std::net::IpAddr;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt;
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::Incoming;
use tokio::sync::watch;
use tracing::{Instrument, debug_span, error};

use gantry_access::Attributes;
use gantry_access::attributes::Target;
use gantry_api::{Caller, GroupVersion, Rejection};
use gantry_audit::Audit;
use gantry_driver::Record;
use gantry_gateway::{Authenticator, ClientCertificate, Clock, Gateway, OsEntropy};
use gantry_pki::TokenKey;
use gantry_registry::Encoding;
use gantry_registry::permission::attributes;
use gantry_registry::request::{Resource, Verb};

use crate::aggregate::{self, Aggregate};
use crate::body::{self, Body};
use crate::endpoints;
use crate::filters::audit::Telling;
use crate::filters::budget::Budgets;
use crate::filters::fairness::{Asking, Fairness, Marks, Turn};
use crate::filters::{authenticate, authorize, impersonate};
use crate::limits::BODY_BYTES;
use crate::metrics::{self, Asked, Metrics};
use crate::negotiate::Wanted;
use crate::nodes::Nodes;
use crate::respond;
use crate::route::{self, Route};
use crate::server::Bounds;
use crate::streams::{self, upgrade};
use crate::tasks::Tasks;

/// What every request has at hand.
#[derive(Debug)]
pub(crate) struct Front {
    pub(crate) gateway: Gateway,
    pub(crate) nodes: Arc<dyn Nodes>,
    pub(crate) authenticator: Arc<dyn Authenticator>,
    pub(crate) tokens: Arc<TokenKey>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) metrics: Metrics,
    /// Who writes down what is asked, if that is wanted.
    pub(crate) audit: Option<Arc<Audit>>,
    /// What is known of other servers behind this one.
    pub(crate) aggregate: Aggregate,
    /// What the loops of this process did.
    pub(crate) record: Record,
    pub(crate) tasks: Tasks,
    /// Held while one identifier is drawn.
    pub(crate) chance: Mutex<OsEntropy>,
    /// Whose turn it is.
    pub(crate) fairness: Arc<Fairness>,
    /// What the lists of each client hold.
    pub(crate) budgets: Arc<Budgets>,
    /// What an operator chose of the limits.
    pub(crate) bounds: Bounds,
    /// Becomes true when the server begins to stop; whatever has no end of its own ends then.
    pub(crate) stopping: watch::Receiver<bool>,
    /// The version that is announced, such as `v1.35.0`.
    pub(crate) version: String,
    /// Where clients reach the server: address and port.
    pub(crate) address: String,
}

/// The identifier of a request, which clients may choose and logs repeat.
const AUDIT_ID: &str = "audit-id";

impl Front {
    /// Whether there is such a resource.
    fn serves(&self, asked: &Asked<'_>) -> bool {
        let resource = Resource {
            version: GroupVersion::new(asked.group, asked.version),
            plural: asked.resource.to_owned(),
        };
        self.gateway.registry().find(&resource).is_some()
    }

    /// Resolves when the server begins to stop.
    pub(crate) fn stopped(&self) -> impl Future<Output = ()> + Send + use<> {
        let mut stopping = self.stopping.clone();
        async move {
            let stops = stopping.wait_for(|stops| *stops).await.map(drop);
            gantry_base::ignore(stops, "a server that is gone has stopped");
        }
    }

    /// The identifier that the client chose, or a new one.
    fn request_id(&self, headers: &HeaderMap) -> String {
        let chosen = headers.get(AUDIT_ID).and_then(|id| id.to_str().ok());
        if let Some(id) = chosen.filter(|id| (1..=64).contains(&id.len())) {
            return id.to_owned();
        }
        let mut chance = self.chance.lock().unwrap_or_else(PoisonError::into_inner);
        gantry_base::entropy::uid(&mut *chance)
    }
}

/// What is known of the connection that a request came over.
#[derive(Clone, Debug, Default)]
pub(crate) struct Peer {
    /// From where it comes.
    pub(crate) address: Option<IpAddr>,
    /// What the client's certificate says, if it showed one of ours.
    pub(crate) certificate: Option<Arc<ClientCertificate>>,
    /// Whether it came over root's own lane.
    pub(crate) is_root: bool,
}

/// Answers one request, whatever becomes of it.
pub(crate) async fn answer(
    front: Arc<Front>,
    peer: Peer,
    request: Request<Incoming>,
) -> Response<Body> {
    let (method, path) = (request.method(), request.uri().path());
    let asked = metrics::asked(path);
    let labels = metrics::labels(&request, &asked, front.serves(&asked));
    let running = front.metrics.begin(labels, front.clock.now());
    let wanted = Wanted::of(request.headers());
    let id = front.request_id(request.headers());
    // Its words are only put together for those who log in detail.
    let span = debug_span!("request", id, %method, path);
    let (method, uri) = (method.clone(), request.uri().clone());
    // Boxed, so that a watch that goes on for days does not keep the room that this took.
    let mut marks = Marks::default();
    let mut telling = Telling::begin(&front, &peer, &request, &id);
    let told = (&wanted, &mut telling);
    let treated = Box::pin(treat(&front, &peer, request, told, &mut marks));
    let treated = AssertUnwindSafe(treated).catch_unwind();
    let mut response = match treated.instrument(span).await {
        Ok(Ok(response)) => response,
        Ok(Err(rejection)) => {
            telling.refused(&rejection);
            respond::rejection(&rejection, wanted.encoding())
        }
        Err(_) => {
            let path = uri.path();
            error!(id, %method, path, "a request met a bug; the panic above says where");
            telling.panicked();
            let bug = Rejection::internal("the server met a bug; its log says where");
            respond::rejection(&bug, wanted.encoding())
        }
    };
    marks.show(response.headers_mut());
    if let Ok(id) = HeaderValue::try_from(id) {
        response.headers_mut().insert(AUDIT_ID, id);
    }
    let response = telling.answered(response);
    front.metrics.end(running, response, front.clock.now())
}

/// Who is it, what do they want, is it their turn, may they: then it is done.
async fn treat(
    front: &Arc<Front>,
    peer: &Peer,
    request: Request<Incoming>,
    (wanted, telling): (&Wanted, &mut Telling),
    marks: &mut Marks,
) -> Result<Response<Body>, Rejection> {
    let caller =
        authenticate::caller(front, peer, (request.uri().path(), request.headers())).await?;
    telling.known(&caller).await;
    let caller = impersonate::caller(&front.gateway, caller, request.headers())?;
    telling.acts_as(front, &caller);
    if let Some(other) = aggregate::behind(&front.gateway, request.uri().path()) {
        let _turn = turn_of_path(front, peer, &caller, &request, marks).await?;
        return aggregate::pass_on(front, &caller, request, other).await;
    }
    let registry = front.gateway.registry();
    let has_message = |resource: &Resource| registry.writes(resource, Encoding::Protobuf);
    match route::route(&request, &caller, wanted, has_message)? {
        Route::Fixed => {
            let _turn = turn_of_path(front, peer, &caller, &request, marks).await?;
            fixed(front, &caller, &request, wanted)
        }
        Route::Object(mut call) => {
            let asking = Asking {
                gateway: &front.gateway,
                attributes: attributes(&call),
                call: Some(&call),
            };
            let turn = match peer.is_root {
                true => Turn::free(),
                false => front.fairness.turn(asking, marks).await?,
            };
            call.is_repair = peer.is_root;
            if call.verb == Verb::Watch && upgrade::is_asked(request.headers()) {
                return streams::watch::serve(front, *call, request).await;
            }
            if let Some(format) = route::body_format(&call, request.headers())? {
                let bytes = read(request, front.bounds.request).await?;
                call.body =
                    (!bytes.is_empty()).then_some(gantry_registry::request::Body { bytes, format });
            }
            telling.sent(call.body.as_ref());
            if call.verb != Verb::List || turn.is_exempt {
                return object(front, *call, (wanted, telling)).await;
            }
            front.budgets.check(&caller.user)?;
            let response = object(front, *call, (wanted, telling)).await?;
            Ok(front.budgets.charge(&caller.user, response))
        }
        Route::Stream(call) => streams::serve(front, *call, request).await,
    }
}

/// The turn of a request that is classified by its path.
async fn turn_of_path(
    front: &Front,
    peer: &Peer,
    caller: &Caller,
    request: &Request<Incoming>,
    marks: &mut Marks,
) -> Result<Turn, Rejection> {
    if peer.is_root {
        return Ok(Turn::free());
    }
    let verb = request.method().as_str().to_ascii_lowercase();
    let attributes = Attributes {
        caller,
        verb: &verb,
        target: Target::Path(request.uri().path()),
    };
    let asking = Asking {
        gateway: &front.gateway,
        attributes,
        call: None,
    };
    front.fairness.turn(asking, marks).await
}

/// A path that is no resource: authorized by the path itself.
fn fixed(
    front: &Front,
    caller: &Caller,
    request: &Request<Incoming>,
    wanted: &Wanted,
) -> Result<Response<Body>, Rejection> {
    authorize::path(
        &front.gateway,
        caller,
        request.method(),
        request.uri().path(),
    )?;
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return Err(Rejection::MethodNotAllowed);
    }
    endpoints::answer(front, request, wanted)
}

async fn object(
    front: &Front,
    call: gantry_registry::Request,
    (wanted, telling): (&Wanted, &mut Telling),
) -> Result<Response<Body>, Rejection> {
    if call.verb == Verb::Watch {
        let stream = front.gateway.watch(call).await?;
        return Ok(body::streamed(stream, front.stopped()));
    }
    let pretty = call.options.pretty;
    let encoding = call.encoding;
    let answer = tokio::time::timeout(front.bounds.request, front.gateway.call_noting(call)).await;
    let (answer, notes) = answer.map_err(|_| Rejection::Timeout {
        message: "request did not complete within the allotted timeout".to_owned(),
        causes: Vec::new(),
    })?;
    telling.noted(notes);
    let response = answer.unwrap_or_else(|rejection| {
        telling.refused(&rejection);
        gantry_gateway::Response::refusal(&rejection, encoding)
    });
    respond::answer(response, wanted, pretty).await
}

/// The whole body, up to the limit of size and time.
async fn read(request: Request<Incoming>, patience: Duration) -> Result<Bytes, Rejection> {
    let limited = Limited::new(request.into_body(), BODY_BYTES);
    let collected = tokio::time::timeout(patience, limited.collect()).await;
    let collected = collected
        .map_err(|_| Rejection::bad_request("the body took too long to arrive: send it again"))?;
    match collected {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => {
            Err(Rejection::TooLarge { limit: BODY_BYTES })
        }
        Err(error) => Err(Rejection::bad_request(format!(
            "the body did not arrive whole: {error}"
        ))),
    }
}

/// The status of an answer as a number for metrics.
pub(crate) fn code(status: StatusCode) -> u32 {
    u32::from(status.as_u16())
}
