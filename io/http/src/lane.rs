//! Root's own way in: a socket in the file system of the machine that the server runs on.
//!
//! Nothing that a flood or a mistake in the cluster can do closes it. It has places of its own, so
//! that other connections leave room; its requests wait for nobody's; and no webhook and no policy
//! is asked about them, so that whatever an administrator configured can be taken back. The system
//! says who is at the other end, so that no key is needed, and none can be lost.

use std::convert::Infallible;
use std::os::unix::net::UnixListener;
use std::sync::Arc;

use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::UnixStream;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tracing::{debug, warn};

use crate::front::{self, Front, Peer};
use crate::limits::{FAREWELL, LANE_CONNECTIONS, REST};
use crate::server::builder;

/// A socket that listens already, and whose user may come besides root.
#[derive(Debug)]
pub struct Lane {
    /// The socket: bound, and not blocking.
    pub listener: UnixListener,
    /// The user as whom the server runs.
    pub owner: u32,
}

/// Serves the lane until the server begins to stop.
pub(crate) async fn listen(
    front: Arc<Front>,
    listener: tokio::net::UnixListener,
    owner: u32,
    mut stopped: watch::Receiver<bool>,
) {
    let mut connections = JoinSet::new();
    loop {
        // One that comes when all places are taken waits in the kernel's queue.
        let has_place = connections.len() < LANE_CONNECTIONS;
        tokio::select! {
            _ = stopped.changed() => break,
            accepted = listener.accept(), if has_place => match accepted {
                Ok((stream, _)) if may_come(&stream, owner) => {
                    connections.spawn(serve(Arc::clone(&front), stream, stopped.clone()));
                }
                Ok(_) => warn!("somebody else than root tried root's own socket"),
                Err(error) => {
                    warn!(%error, "could not accept a connection on root's own socket");
                    tokio::time::sleep(REST).await;
                }
            },
            Some(_) = connections.join_next(), if !connections.is_empty() => {}
        }
    }
    let all = async { while connections.join_next().await.is_some() {} };
    if tokio::time::timeout(FAREWELL, all).await.is_err() {
        connections.shutdown().await;
    }
}

fn may_come(stream: &UnixStream, owner: u32) -> bool {
    let user = stream.peer_cred().map(|credentials| credentials.uid());
    user.is_ok_and(|user| user == 0 || user == owner)
}

async fn serve(front: Arc<Front>, stream: UnixStream, mut stopped: watch::Receiver<bool>) {
    let service = service_fn(move |request| {
        let front = Arc::clone(&front);
        let peer = Peer {
            is_root: true,
            ..Peer::default()
        };
        async move { Ok::<_, Infallible>(front::answer(front, peer, request).await) }
    });
    let builder = builder();
    let connection = builder.serve_connection_with_upgrades(TokioIo::new(stream), service);
    tokio::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        _ = stopped.changed() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        debug!(%error, "a connection on root's own socket ended early");
    }
}
