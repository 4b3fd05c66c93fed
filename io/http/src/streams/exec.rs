//! `exec`: one more program in a container, and a client that talks with it.

use std::sync::Arc;

use http::{Request, Response};
use hyper::body::Incoming;

use gantry_api::Rejection;

use crate::body::Body;
use crate::front::Front;
use crate::nodes::ExecRequest;
use crate::pods;
use crate::route::StreamCall;
use crate::streams::channels::Asked;
use crate::streams::talk::{Program, talk};

/// Opens a conversation with a new program.
pub(crate) async fn open(
    front: &Arc<Front>,
    call: &StreamCall,
    request: Request<Incoming>,
) -> Result<Response<Body>, Rejection> {
    let asked = Asked::read(&call.query)?;
    let argv: Vec<String> = call.query.all("command").map(str::to_owned).collect();
    if argv.is_empty() {
        return Err(Rejection::bad_request(
            "you must specify at least one command for the exec",
        ));
    }
    let pod = pods::find(front, &call.namespace, &call.name).await?;
    let container = pods::container(&pod, call.query.get("container"))?;
    let pod_ref = pods::reference(&pod)?;
    pods::check_running(&pod, &container)?;
    let order = ExecRequest {
        container,
        argv,
        tty: asked.tty,
        stdin: asked.stdin,
        stdout: asked.stdout,
        stderr: asked.stderr,
    };
    let program = Program {
        pod: pod_ref,
        start: Box::new(|nodes, pod| Box::pin(async move { nodes.exec(pod, order).await })),
        tells_exit: true,
    };
    talk(front, request, asked, program)
}
