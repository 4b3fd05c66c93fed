//! Conversations with running pods: logs, commands, terminals, forwarded ports, proxied requests.
// NOTE to the builder of streams: this file is yours. front.rs calls `serve` for every route that is a
// conversation (see route::StreamCall); fill it in, keep the signature.

pub(crate) mod outlet;

use std::sync::Arc;

use http::{Request, Response};
use hyper::body::Incoming;

use gantry_api::Rejection;

use crate::body::Body;
use crate::front::Front;
use crate::route::StreamCall;

/// Answers a conversation.
pub(crate) async fn serve(
    _front: &Arc<Front>,
    call: StreamCall,
    _request: Request<Incoming>,
) -> Result<Response<Body>, Rejection> {
    Err(Rejection::internal(format!(
        "{} of {} is not built yet",
        call.subresource, call.resource.plural
    )))
}
