//! What is served, as clients discover it.

use http::header::{CONTENT_TYPE, ETAG, IF_NONE_MATCH, VARY};
use http::{HeaderValue, Request, Response, StatusCode};

use gantry_api::{GroupVersion, Rejection};
use gantry_base::hash::Fnv;

use crate::body::{self, Body};
use crate::front::Front;
use crate::negotiate::Wanted;
use crate::respond;

/// Answers the paths below `/api` and `/apis`; nothing for all others.
pub(super) fn answer<B>(
    front: &Front,
    path: &str,
    request: &Request<B>,
    wanted: &Wanted,
) -> Option<Result<Response<Body>, Rejection>> {
    let registry = front.gateway.registry();
    let others = front.aggregate.discovered();
    let parts: Vec<&str> = path.split('/').skip(1).collect();
    let value = match (parts.as_slice(), wanted.aggregated()) {
        (["api"], Some(version)) => return Some(Ok(aggregated(front, true, version, request))),
        (["apis"], Some(version)) => return Some(Ok(aggregated(front, false, version, request))),
        (["api"], None) => registry.core_versions(&front.address),
        (["apis"], None) => registry.group_list(&others),
        (["api", version], _) => registry.resource_list(&GroupVersion::new("", *version))?,
        (["apis", group], _) => registry.group(&others, group)?,
        (["apis", group, version], _) => {
            registry.resource_list(&GroupVersion::new(*group, *version))?
        }
        _ => return None,
    };
    Some(respond::object(&value, wanted))
}

/// Everything at once, unchanged for those who have it.
fn aggregated<B>(
    front: &Front,
    core: bool,
    version: &'static str,
    request: &Request<B>,
) -> Response<Body> {
    let others = front.aggregate.discovered();
    let registry = front.gateway.registry();
    let content = registry.aggregated(&others, core, version).to_string();
    let etag = format!(
        "\"{:016X}\"",
        Fnv::default().with(content.as_bytes()).value()
    );
    let known = request
        .headers()
        .get(IF_NONE_MATCH)
        .is_some_and(|value| value.as_bytes() == etag.as_bytes());
    let content_type = match version {
        "v2" => "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList",
        _ => "application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList",
    };
    let mut response = Response::new(body::full(if known { String::new() } else { content }));
    if known {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
    }
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(VARY, HeaderValue::from_static("Accept"));
    if let Ok(etag) = HeaderValue::try_from(etag) {
        headers.insert(ETAG, etag);
    }
    response
}
