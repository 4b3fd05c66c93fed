//! `portforward`: connections into a pod, many over one connection of the client.
//!
//! For each the client opens two streams, one for bytes and one for what goes wrong; a number that
//! the client chooses says which two belong together.

use std::collections::BTreeMap;
use std::sync::Arc;

use gantry_api::Rejection;
use http::{Request, Response};
use hyper::body::Incoming;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::body::Body;
use crate::front::Front;
use crate::nodes::{Nodes, PodRef};
use crate::pods;
use crate::route::StreamCall;
use crate::spdy::{self, Stream};
use crate::streams::outlet::Gone;
use crate::streams::talk::until_driven;
use crate::streams::upgrade::{self, Wanted};
use crate::streams::websocket;

const OVER_SPDY: [&str; 1] = ["portforward.k8s.io"];
const OVER_SOCKET: [&str; 1] = ["SPDY/3.1+portforward.k8s.io"];

/// Opens the way into a pod.
pub(crate) async fn open(
    front: &Arc<Front>,
    call: &StreamCall,
    request: Request<Incoming>,
) -> Result<Response<Body>, Rejection> {
    let pod = pods::find(front, &call.namespace, &call.name).await?;
    let pod = pods::reference(&pod)?;
    let nodes = Arc::clone(&front.nodes);
    match upgrade::wanted(request.headers())? {
        Wanted::Spdy => {
            let offered = upgrade::spdy_protocols(request.headers());
            let protocol = upgrade::choose(&offered, &OVER_SPDY)?;
            let (reply, raw) = upgrade::to_spdy(request, protocol);
            front.tasks.spawn(async move {
                let Ok(raw) = raw.await else { return };
                serve(nodes, raw, pod).await;
            })?;
            Ok(reply)
        }
        Wanted::WebSocket => {
            let offered = upgrade::socket_protocols(request.headers());
            let protocol = upgrade::choose(&offered, &OVER_SOCKET)?;
            let (reply, socket) = upgrade::to_socket(request, Some(protocol))?;
            front.tasks.spawn(async move {
                let Ok(socket) = socket.await else { return };
                let (raw, drive) = websocket::tunnel(socket);
                let served = async move {
                    serve(nodes, raw, pod).await;
                    Ok(())
                };
                until_driven(served, drive).await;
            })?;
            Ok(reply)
        }
    }
}

async fn serve(nodes: Arc<dyn Nodes>, raw: impl AsyncRead + AsyncWrite + Send, pod: PodRef) {
    let (streams, drive) = spdy::serve(raw);
    let accepted = async move {
        accept(nodes, streams, pod).await;
        Ok(())
    };
    until_driven(accepted, drive).await;
}

/// Pairs streams, and starts to carry bytes for each pair.
async fn accept(nodes: Arc<dyn Nodes>, mut streams: mpsc::Receiver<Stream>, pod: PodRef) {
    let mut pairing = Pairing::default();
    let mut connections = JoinSet::new();
    while let Some(stream) = streams.recv().await {
        while connections.try_join_next().is_some() {}
        if let Some(pair) = pairing.add(stream) {
            connections.spawn(carry(Arc::clone(&nodes), pod.clone(), pair));
        }
    }
    while connections.join_next().await.is_some() {}
}

/// Both streams of one connection.
struct Pair {
    port: u16,
    data: Stream,
    error: Stream,
}

/// Streams whose other half is still to come. The connection bounds how many there can be.
#[derive(Default)]
struct Pairing(BTreeMap<String, Stream>);

impl Pairing {
    /// The pair that `stream` completes, if it does. A stream without port or purpose is dropped,
    /// which refuses it.
    fn add(&mut self, stream: Stream) -> Option<Pair> {
        let port = stream.headers.get("port")?.parse().ok()?;
        let purpose = stream.headers.get("streamType")?.to_owned();
        let other = if purpose == "data" { "error" } else { "data" };
        if !matches!(purpose.as_str(), "data" | "error") {
            return None;
        }
        // The oldest clients send no number; then the port alone tells connections apart.
        let number = stream.headers.get("requestID").unwrap_or("").to_owned();
        let Some(waiting) = self.0.remove(&format!("{other} {port} {number}")) else {
            self.0.insert(format!("{purpose} {port} {number}"), stream);
            return None;
        };
        let (data, error) = if purpose == "data" {
            (stream, waiting)
        } else {
            (waiting, stream)
        };
        Some(Pair { port, data, error })
    }
}

async fn carry(nodes: Arc<dyn Nodes>, pod: PodRef, pair: Pair) {
    let Pair { port, data, error } = pair;
    let told = match nodes.port_forward(pod, port).await {
        Ok(connection) => exchange(connection, data).await,
        Err(refusal) => {
            let text = format!("forward port {port}: {}", gantry_base::chain(&refusal));
            let told = error.output.send(text.into()).await;
            told.and(data.output.end().await)
        }
    };
    gantry_base::ignore(told.and(error.output.end().await), "the client is gone");
}

/// Carries bytes both ways until the pod has no more to say.
async fn exchange(connection: impl AsyncRead + AsyncWrite, data: Stream) -> Result<(), Gone> {
    let (from, mut to) = tokio::io::split(connection);
    let Stream {
        mut input, output, ..
    } = data;
    let upward = async {
        let copied = tokio::io::copy(&mut input, &mut to).await;
        gantry_base::ignore(
            copied,
            "whichever side is gone, the other is told by the end",
        );
        gantry_base::ignore(to.shutdown().await, "the pod may have closed already");
    };
    let downward = async {
        output.copy(from).await?;
        output.end().await
    };
    tokio::pin!(upward, downward);
    tokio::select! {
        sent = &mut downward => sent,
        () = &mut upward => downward.await,
    }
}
