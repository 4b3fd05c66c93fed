//! How fresh the copy is: asks etcd for its revision, once for all who wait.
//!
//! Whoever comes while a question is under way waits for the next one: an answer counts only for
//! those who were there before it was asked for.

use std::sync::Arc;

use gantry_base::ignore;
use gantry_store::Revision;
use tokio::sync::{mpsc, oneshot, watch};

use crate::error::EtcdError;
use crate::limits::READERS;
use crate::link::Link;
use crate::space::Space;

type Answer = Result<Revision, Arc<EtcdError>>;

/// Asks for etcd's revision.
#[derive(Clone, Debug)]
pub(crate) struct Fresh(mpsc::Sender<oneshot::Sender<Answer>>);

impl Fresh {
    /// The handle, and what has to run for it.
    pub(crate) fn new(
        space: Space,
        link: watch::Receiver<Link>,
    ) -> (Self, impl Future<Output = ()>) {
        let (asking, asked) = mpsc::channel(READERS);
        (Self(asking), serve(space, link, asked))
    }

    /// A revision that etcd had reached after this was called.
    pub(crate) async fn revision(&self) -> Answer {
        let (answer, answered) = oneshot::channel();
        let closed = || Arc::new(EtcdError::Closed);
        self.0.send(answer).await.map_err(|_| closed())?;
        answered.await.unwrap_or_else(|_| Err(closed()))
    }
}

async fn serve(
    space: Space,
    link: watch::Receiver<Link>,
    mut asked: mpsc::Receiver<oneshot::Sender<Answer>>,
) {
    let mut waiting = Vec::new();
    while asked.recv_many(&mut waiting, READERS).await > 0 {
        let answer = ask(&space, &link).await;
        for waiter in waiting.drain(..) {
            ignore(waiter.send(answer.clone()), "the reader has gone away");
        }
    }
}

async fn ask(space: &Space, link: &watch::Receiver<Link>) -> Answer {
    let rpc = link.borrow().rpc()?;
    let header = rpc.header(space.state()).await.map_err(Arc::new)?;
    Ok(space.revision(header.revision))
}
