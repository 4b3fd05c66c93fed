//! Relays HTTP to a pod, or to one of the ready pods behind a service.
//!
//! The client's credentials stay here. Upgrades and https are refused, not tried half.

mod backend;
mod relay;

use std::sync::Arc;

use http::header::{HeaderValue, LOCATION};
use http::{Method, Request, Response, StatusCode};
use hyper::body::Incoming;

use gantry_api::Rejection;

use crate::body::{self, Body};
use crate::front::Front;
use crate::pods;
use crate::route::StreamCall;
use crate::streams::upgrade;

/// What a path's name segment means here: `[scheme:]name[:port]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Target<'a> {
    pub(crate) scheme: &'a str,
    pub(crate) name: &'a str,
    /// A number or a name; empty for the only or first one.
    pub(crate) port: &'a str,
}

impl<'a> Target<'a> {
    /// Takes a name segment apart.
    pub(crate) fn parse(text: &'a str) -> Self {
        let mut parts = text.splitn(3, ':');
        match (parts.next().unwrap_or(""), parts.next(), parts.next()) {
            (scheme, Some(name), Some(port)) => Self { scheme, name, port },
            (name, port, _) => Self {
                scheme: "",
                name,
                port: port.unwrap_or(""),
            },
        }
    }
}

/// Relays a request to a pod, or to a ready pod behind a service.
pub(crate) async fn relay(
    front: &Arc<Front>,
    call: &StreamCall,
    request: Request<Incoming>,
) -> Result<Response<Body>, Rejection> {
    let target = Target::parse(&call.name);
    check(target, &request)?;
    if call.rest.is_empty() {
        return add_slash(&request);
    }
    let backend = if call.resource.plural == "services" {
        backend::of_service(front, &call.namespace, target).await?
    } else {
        let pod = pods::find(front, &call.namespace, target.name).await?;
        backend::of_pod(front, &pod, target.port).await?
    };
    relay::relay(front, request, &call.rest, backend).await
}

/// What cannot be relayed is refused.
fn check(target: Target<'_>, request: &Request<Incoming>) -> Result<(), Rejection> {
    if !matches!(target.scheme, "" | "http") {
        return Err(Rejection::bad_request(format!(
            "relaying over {:?} is not built yet: only http is",
            target.scheme
        )));
    }
    if upgrade::is_asked(request.headers()) {
        return Err(Rejection::bad_request(
            "relaying WebSockets and other upgrades is not built yet: use port-forward",
        ));
    }
    Ok(())
}

/// Sends browsers from `.../proxy` to `.../proxy/`, so that relative links lead to the pod.
fn add_slash(request: &Request<Incoming>) -> Result<Response<Body>, Rejection> {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return Err(Rejection::bad_request(
            "name a path behind proxy, if only a slash",
        ));
    }
    let uri = request.uri();
    let query = uri
        .query()
        .map(|query| format!("?{query}"))
        .unwrap_or_default();
    let location = HeaderValue::try_from(format!("{}/{query}", uri.path()));
    let location = location.map_err(|error| Rejection::internal(error.to_string()))?;
    let mut response = Response::new(body::full(""));
    *response.status_mut() = StatusCode::MOVED_PERMANENTLY;
    response.headers_mut().insert(LOCATION, location);
    Ok(response)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_segment_may_carry_scheme_and_port() {
        let parsed = |text| {
            let Target { scheme, name, port } = Target::parse(text);
            (scheme, name, port)
        };
        assert_eq!(parsed("web"), ("", "web", ""));
        assert_eq!(parsed("web:http"), ("", "web", "http"));
        assert_eq!(parsed("https:web:"), ("https", "web", ""));
        assert_eq!(parsed("http:web:8080"), ("http", "web", "8080"));
    }
}
