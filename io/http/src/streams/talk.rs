//! Agrees with a client on a protocol, and lets it talk with a program from then on.

use std::fmt::Display;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use http::{Request, Response};
use hyper::body::Incoming;

use gantry_api::Rejection;

use crate::body::Body;
use crate::front::Front;
use crate::nodes::{NodeError, Nodes, PodRef, Session};
use crate::spdy;
use crate::streams::channels::{Asked, Channels, Missing, over_spdy};
use crate::streams::converse::{Outcome, conclude, converse};
use crate::streams::upgrade::{self, Wanted};
use crate::streams::websocket::{self, Dialect};

/// The ways to speak over SPDY, best first.
const OVER_SPDY: [&str; 4] = [
    "v4.channel.k8s.io",
    "v3.channel.k8s.io",
    "v2.channel.k8s.io",
    "channel.k8s.io",
];

/// Starts or joins a program; called once the client is there.
type Start = Box<
    dyn FnOnce(Arc<dyn Nodes>, PodRef) -> BoxFuture<'static, Result<Session, NodeError>> + Send,
>;

/// The program at the other end.
pub(super) struct Program {
    pub(super) pod: PodRef,
    pub(super) start: Start,
    /// Whether its exit code is the outcome.
    pub(super) tells_exit: bool,
}

/// Lets the client talk with `program`, over whichever protocol it knows.
pub(super) fn talk(
    front: &Arc<Front>,
    request: Request<Incoming>,
    asked: Asked,
    program: Program,
) -> Result<Response<Body>, Rejection> {
    match upgrade::wanted(request.headers())? {
        Wanted::WebSocket => talk_over_socket(front, request, asked, program),
        Wanted::Spdy => talk_over_spdy(front, request, asked, program),
    }
}

fn talk_over_socket(
    front: &Arc<Front>,
    request: Request<Incoming>,
    asked: Asked,
    program: Program,
) -> Result<Response<Body>, Rejection> {
    let offered = upgrade::socket_protocols(request.headers());
    let protocol = if offered.is_empty() {
        None
    } else {
        Some(upgrade::choose(&offered, &websocket::PROTOCOLS)?)
    };
    let (reply, socket) = upgrade::to_socket(request, protocol)?;
    let (nodes, dialect) = (Arc::clone(&front.nodes), Dialect::named(protocol));
    front.tasks.spawn(async move {
        let Ok(socket) = socket.await else { return };
        let (channels, drive) = websocket::open(socket, dialect, asked);
        let talk = async move {
            run(nodes, program, channels).await;
            Ok(())
        };
        until_driven(talk, drive).await;
    })?;
    Ok(reply)
}

fn talk_over_spdy(
    front: &Arc<Front>,
    request: Request<Incoming>,
    asked: Asked,
    program: Program,
) -> Result<Response<Body>, Rejection> {
    let offered = upgrade::spdy_protocols(request.headers());
    let protocol = upgrade::choose(&offered, &OVER_SPDY)?;
    let (reply, raw) = upgrade::to_spdy(request, protocol);
    let nodes = Arc::clone(&front.nodes);
    front.tasks.spawn(async move {
        let Ok(raw) = raw.await else { return };
        let (streams, drive) = spdy::serve(raw);
        let talk = async move {
            let channels = over_spdy(streams, asked, protocol.starts_with("v4")).await?;
            run(nodes, program, channels).await;
            Ok(())
        };
        until_driven(talk, drive).await;
    })?;
    Ok(reply)
}

/// Runs both until the transport has ended. Whatever is still being said then is cut off; a client
/// that does not keep to the protocol is cut off too.
pub(super) async fn until_driven<E: Display>(
    talk: impl Future<Output = Result<(), Missing>>,
    drive: impl Future<Output = Result<(), E>>,
) {
    tokio::pin!(talk, drive);
    let mut is_said = false;
    loop {
        tokio::select! {
            driven = &mut drive => {
                if let Err(error) = driven {
                    tracing::debug!(%error, "a client's connection broke off");
                }
                return;
            }
            said = &mut talk, if !is_said => match said {
                Ok(()) => is_said = true,
                Err(error) => return tracing::debug!(%error, "a client did not set up its streams"),
            },
        }
    }
}

async fn run(nodes: Arc<dyn Nodes>, program: Program, mut channels: Channels) {
    let outcome = match (program.start)(nodes, program.pod).await {
        Err(error) => Outcome::Failure(error),
        Ok(session) => match converse(session, &mut channels).await {
            Ok(code) if program.tells_exit => Outcome::Exit(code),
            Ok(_) => Outcome::Success,
            Err(error) => Outcome::Failure(error),
        },
    };
    let told = conclude(channels, &outcome).await;
    gantry_base::ignore(told, "a client that is gone needs no outcome");
}
