//! Passes one request on to another server, and its answer back as it comes.

use std::sync::Arc;

use futures_util::StreamExt;
use http::header::{CONNECTION, HeaderMap, HeaderValue, UPGRADE};
use http::{Request, Response, StatusCode, Uri, Version};
use http_body_util::{BodyExt, BodyStream, StreamBody};
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use tokio::io::copy_bidirectional;
use tokio::time::timeout;

use gantry_api::{Caller, Rejection};
use gantry_registry::endpoints::Place;
use gantry_registry::extensions::Extension;

use super::{dial, identity};
use crate::body::{self, Body, BodyError};
use crate::front::Front;
use crate::streams::upgrade;

/// Passes a request on in the name of `caller`. How long the answer takes to begin is bounded; how
/// long it goes on is not, for it may be a watch.
pub(super) async fn pass(
    front: &Arc<Front>,
    caller: &Caller,
    mut request: Request<Incoming>,
    to: (&Extension, &[Place]),
) -> Result<Response<Body>, Rejection> {
    let unreachable = |why: &str| Rejection::Unavailable {
        message: format!("error trying to reach service: {why}"),
    };
    let leaves = asked_protocol(request.headers());
    let upgraded = leaves.is_some().then(|| hyper::upgrade::on(&mut request));
    let request = onward(caller, request, (to.0, leaves))?;
    let mut sender = dial::connect(front, to)
        .await
        .map_err(|why| unreachable(&why))?;
    let answer = timeout(front.bounds.request, sender.send_request(request)).await;
    let answer = answer.map_err(|_| Rejection::Timeout {
        message: format!("the API service {:?} did not answer in time", to.0.name),
        causes: Vec::new(),
    })?;
    let mut answer = answer.map_err(|error| unreachable(&gantry_base::chain(&error)))?;
    if answer.status() == StatusCode::SWITCHING_PROTOCOLS {
        let Some(client) = upgraded else {
            return Err(unreachable(
                "it speaks something else that nobody asked for",
            ));
        };
        let server = hyper::upgrade::on(&mut answer);
        front.tasks.spawn(async move {
            let (Ok(client), Ok(server)) = (client.await, server.await) else {
                return;
            };
            let (mut client, mut server) = (TokioIo::new(client), TokioIo::new(server));
            let copied = copy_bidirectional(&mut client, &mut server).await;
            gantry_base::ignore(copied, "each end sees that the other is gone");
        })?;
        let (mut head, _) = answer.into_parts();
        head.version = Version::default();
        return Ok(Response::from_parts(head, body::full("")));
    }
    let (mut head, content) = answer.into_parts();
    identity::strip_answer(&mut head.headers);
    head.version = Version::default();
    let frames = BodyStream::new(content).map(|frame| frame.map_err(BodyError::from));
    let content = StreamBody::new(frames).boxed_unsync();
    Ok(Response::from_parts(head, content))
}

/// The protocol that the client would rather speak, as it called it.
fn asked_protocol(headers: &HeaderMap) -> Option<HeaderValue> {
    let is_asked = upgrade::is_asked(headers);
    is_asked.then(|| headers.get(UPGRADE).cloned()).flatten()
}

/// The request as the other server is to see it: the same, in the caller's name.
fn onward(
    caller: &Caller,
    request: Request<Incoming>,
    (extension, leaves): (&Extension, Option<HeaderValue>),
) -> Result<Request<Incoming>, Rejection> {
    let (mut head, body) = request.into_parts();
    let place = head
        .uri
        .path_and_query()
        .map_or("/", |place| place.as_str());
    let place = place.parse::<Uri>();
    head.uri = place.map_err(|error| Rejection::bad_request(error.to_string()))?;
    head.version = Version::HTTP_11;
    identity::speak_for(caller, &extension.host(), &mut head.headers)?;
    if let Some(protocol) = leaves {
        head.headers
            .insert(CONNECTION, HeaderValue::from_static("Upgrade"));
        head.headers.insert(UPGRADE, protocol);
    }
    Ok(Request::from_parts(head, body))
}
