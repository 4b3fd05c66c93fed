//! `attach`: the streams of a container's own program.

use std::sync::Arc;

use http::{Request, Response};
use hyper::body::Incoming;

use gantry_api::Rejection;

use crate::body::Body;
use crate::front::Front;
use crate::nodes::AttachRequest;
use crate::pods;
use crate::route::StreamCall;
use crate::streams::channels::Asked;
use crate::streams::talk::{Program, talk};

/// Opens a conversation with a program that runs already.
pub(crate) async fn open(
    front: &Arc<Front>,
    call: &StreamCall,
    request: Request<Incoming>,
) -> Result<Response<Body>, Rejection> {
    let asked = Asked::read(&call.query)?;
    let pod = pods::find(front, &call.namespace, &call.name).await?;
    let container = pods::container(&pod, call.query.get("container"))?;
    let pod_ref = pods::reference(&pod)?;
    pods::check_running(&pod, &container)?;
    let order = AttachRequest {
        container,
        tty: asked.tty,
        stdin: asked.stdin,
        stdout: asked.stdout,
        stderr: asked.stderr,
    };
    let program = Program {
        pod: pod_ref,
        start: Box::new(|nodes, pod| Box::pin(async move { nodes.attach(pod, order).await })),
        tells_exit: false,
    };
    talk(front, request, asked, program)
}
