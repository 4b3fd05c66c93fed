//! Conversations with running pods: logs, commands, terminals, forwarded ports, proxied requests.
//!
//! This is the one place of the front that knows resources by name. Who asks is authorized here,
//! since the gateway sees none of it.

mod attach;
pub(crate) mod channels;
mod converse;
mod exec;
mod feed;
mod logs;
pub(crate) mod outlet;
mod port_forward;
mod talk;
pub(crate) mod upgrade;
pub(crate) mod watch;
pub(crate) mod websocket;

use std::sync::Arc;

use http::{Method, Request, Response};
use hyper::body::Incoming;

use gantry_access::attributes::ResourceTarget;
use gantry_api::Rejection;

use crate::body::Body;
use crate::filters::authorize;
use crate::front::Front;
use crate::proxy;
use crate::route::StreamCall;

/// Answers a conversation.
pub(crate) async fn serve(
    front: &Arc<Front>,
    call: StreamCall,
    request: Request<Incoming>,
) -> Result<Response<Body>, Rejection> {
    let is_core = call.resource.version.group.is_empty() && call.resource.version.version == "v1";
    if !is_core || call.namespace.is_empty() || call.name.is_empty() {
        return Err(Rejection::NoSuchPath);
    }
    match (call.resource.plural.as_str(), call.subresource.as_str()) {
        ("pods", "attach") => {
            permit_connection(front, &call, request.method())?;
            attach::open(front, &call, request).await
        }
        ("pods", "exec") => {
            permit_connection(front, &call, request.method())?;
            exec::open(front, &call, request).await
        }
        ("pods", "portforward") => {
            permit_connection(front, &call, request.method())?;
            port_forward::open(front, &call, request).await
        }
        ("pods", "log") => {
            if !matches!(*request.method(), Method::GET | Method::HEAD) {
                return Err(Rejection::MethodNotAllowed);
            }
            permit(front, &call, "get", &call.name)?;
            logs::open(front, &call, request).await
        }
        ("pods" | "services", "proxy") => {
            let verb = verb(request.method())?;
            permit(front, &call, verb, proxy::Target::parse(&call.name).name)?;
            proxy::relay(front, &call, request).await
        }
        _ => Err(Rejection::NoSuchPath),
    }
}

/// What runs programs or opens connections needs the right to create, whichever method the
/// client's protocol happens to use.
fn permit_connection(front: &Front, call: &StreamCall, method: &Method) -> Result<(), Rejection> {
    match verb(method)? {
        "get" => {
            permit(front, call, "get", &call.name)?;
            permit(front, call, "create", &call.name)
        }
        "create" => permit(front, call, "create", &call.name),
        _ => Err(Rejection::MethodNotAllowed),
    }
}

fn permit(front: &Front, call: &StreamCall, verb: &str, name: &str) -> Result<(), Rejection> {
    let target = ResourceTarget {
        group: &call.resource.version.group,
        resource: &call.resource.plural,
        subresource: &call.subresource,
        namespace: &call.namespace,
        name,
        field_selector: "",
    };
    authorize::resource(&front.gateway, &call.caller, verb, target)
}

/// The permission's word for a method on a part that is connected to.
fn verb(method: &Method) -> Result<&'static str, Rejection> {
    match method.as_str() {
        "GET" | "HEAD" => Ok("get"),
        "POST" => Ok("create"),
        "PUT" => Ok("update"),
        "PATCH" => Ok("patch"),
        "DELETE" => Ok("delete"),
        _ => Err(Rejection::MethodNotAllowed),
    }
}
