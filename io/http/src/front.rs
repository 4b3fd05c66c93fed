//! What every request has at hand, and the order in which it is treated.

use std::sync::Arc;

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::Incoming;

use gantry_api::{Caller, Rejection};
use gantry_gateway::{Authenticator, Clock, Gateway};
use gantry_pki::{Subject, TokenKey};

use crate::body::{self, Body};
use crate::endpoints;
use crate::filters::{authenticate, authorize, impersonate};
use crate::limits::BODY_BYTES;
use crate::metrics::{Metrics, Running};
use crate::negotiate::Wanted;
use crate::nodes::Nodes;
use crate::respond;
use crate::route::{self, Route};
use crate::streams;
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
    pub(crate) tasks: Tasks,
    /// The version that is announced, such as `v1.35.0`.
    pub(crate) version: String,
    /// Where clients reach the server: address and port.
    pub(crate) address: String,
}

/// What is known of the connection that a request came over.
#[derive(Clone, Debug, Default)]
pub(crate) struct Peer {
    /// Whom the client's certificate speaks for, if it showed one of ours.
    pub(crate) subject: Option<Subject>,
}

/// Answers one request, whatever becomes of it.
pub(crate) async fn answer(
    front: Arc<Front>,
    peer: Peer,
    request: Request<Incoming>,
) -> Response<Body> {
    let running = front
        .metrics
        .begin(request.method(), request.uri().path(), front.clock.now());
    let wanted = Wanted::of(request.headers());
    let response = match treat(&front, &peer, request, &wanted).await {
        Ok(response) => response,
        Err(rejection) => respond::rejection(&rejection),
    };
    let Running { labels, begun } = running;
    front
        .metrics
        .end(labels, response.status(), begun, front.clock.now());
    response
}

/// Who is it, what do they want, may they: then it is done.
async fn treat(
    front: &Arc<Front>,
    peer: &Peer,
    request: Request<Incoming>,
    wanted: &Wanted,
) -> Result<Response<Body>, Rejection> {
    let caller = authenticate::caller(front, peer, request.headers())?;
    let caller = impersonate::caller(&front.gateway, caller, request.headers())?;
    match route::route(&request, &caller, wanted)? {
        Route::Fixed => fixed(front, &caller, &request, wanted),
        Route::Object(mut call) => {
            if let Some(format) = route::body_format(&call, request.headers())? {
                let bytes = read(request).await?;
                call.body =
                    (!bytes.is_empty()).then_some(gantry_registry::request::Body { bytes, format });
            }
            object(front, *call, wanted).await
        }
        Route::Stream(call) => streams::serve(front, *call, request).await,
    }
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
    wanted: &Wanted,
) -> Result<Response<Body>, Rejection> {
    if call.verb == gantry_registry::request::Verb::Watch {
        let stream = front.gateway.watch(call)?;
        return Ok(body::streamed(stream));
    }
    let pretty = call.options.pretty;
    let response = front.gateway.call(call).await;
    Ok(respond::answer(response, wanted, pretty))
}

/// The whole body, up to the limit.
async fn read(request: Request<Incoming>) -> Result<Bytes, Rejection> {
    let limited = Limited::new(request.into_body(), BODY_BYTES);
    match limited.collect().await {
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
