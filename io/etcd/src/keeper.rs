//! Keeps the copy in memory faithful: follows etcd's changes for as long as the store is open.
//!
//! A lost connection is taken up again where the copy stands, at another endpoint if need be. What
//! cannot be followed truthfully ends the store: better stopped than wrong.

use std::sync::Arc;

use gantry_base::{Timestamp, chain};
use gantry_store::{HistoryLimits, Index, Live, Revision};
use tokio::sync::watch;
use tracing::{error, info, warn};

use crate::error::EtcdError;
use crate::follow::{Follower, Heard, Moment};
use crate::limits::FORGET_EVERY;
use crate::link::{Dialer, Link};
use crate::listing;
use crate::rpc::{Rpc, Watching};
use crate::state::State;
use crate::wire::WatchCreate;

#[derive(Debug)]
pub(crate) struct Keeper {
    pub(crate) dialer: Dialer,
    /// Which etcd this is.
    pub(crate) cluster: u64,
    pub(crate) follower: Follower,
    pub(crate) index: Index,
    pub(crate) history: HistoryLimits,
    pub(crate) live: Live,
    pub(crate) link: watch::Sender<Link>,
    /// How far the copy has come.
    pub(crate) copied: watch::Sender<Revision>,
}

impl Keeper {
    /// Follows, beginning over `rpc`, until the store is closed or cannot be followed any more.
    pub(crate) async fn run(mut self, rpc: Rpc) {
        let mut connection = Ok(rpc);
        loop {
            let error = match connection {
                Ok(rpc) => self.follow(&rpc).await,
                Err(error) => error,
            };
            if !error.is_passing() {
                error!(error = chain(&error), "the store is closed");
                self.link.send_replace(Link::Down(Arc::new(error)));
                self.live.close();
                return;
            }
            self.lost(error);
            connection = self.dialer.dial().await;
        }
    }

    fn lost(&self, error: EtcdError) {
        if matches!(*self.link.borrow(), Link::Up(_)) {
            warn!(
                error = chain(&error),
                "writes are refused until etcd is back"
            );
        }
        self.link.send_replace(Link::Down(Arc::new(error)));
    }

    /// Follows over one connection until it is of no use any more.
    async fn follow(&mut self, rpc: &Rpc) -> EtcdError {
        let mut outcome = self.check(rpc).await;
        while outcome.is_ok() {
            outcome = self.follow_on(rpc).await;
        }
        outcome.expect_err("it went on until something was wrong")
    }

    /// Follows until the history that is asked for is gone, and reads everything anew.
    async fn follow_on(&mut self, rpc: &Rpc) -> Result<(), EtcdError> {
        let mut watching = self.begin(rpc).await?;
        self.listen(rpc, &mut watching).await?;
        self.read_anew(rpc).await
    }

    /// Whether this is still the same etcd, with everything in it that it had.
    async fn check(&self, rpc: &Rpc) -> Result<(), EtcdError> {
        let space = self.follower.space();
        let header = rpc.header(space.state()).await?;
        if header.cluster != self.cluster {
            let endpoint = rpc.endpoint().to_owned();
            return Err(EtcdError::Another { endpoint });
        }
        if header.revision < self.follower.reached() {
            return Err(EtcdError::WentBack {
                found: space.revision(header.revision),
                reached: space.revision(self.follower.reached()),
            });
        }
        Ok(())
    }

    async fn begin(&mut self, rpc: &Rpc) -> Result<Watching, EtcdError> {
        let (key, end) = self.follower.space().bounds();
        let start = self.follower.begin();
        let fragment = true;
        let create = WatchCreate {
            key,
            end,
            start,
            fragment,
        };
        rpc.watch(create).await
    }

    /// Takes over what is heard, until the history that is asked for is gone.
    async fn listen(&mut self, rpc: &Rpc, watching: &mut Watching) -> Result<(), EtcdError> {
        let mut forget = tokio::time::interval(FORGET_EVERY);
        loop {
            tokio::select! {
                response = watching.next() => match self.follower.hear(response?)? {
                    Heard::Moments(moments) => {
                        self.found(rpc);
                        self.take_over(&moments);
                    }
                    Heard::Compacted => return Ok(()),
                    Heard::Ended(reason) => return Err(ended(rpc, reason)),
                },
                _ = forget.tick() => {
                    self.index.forget(Timestamp::now());
                    self.live.publish(self.index.snapshot());
                }
            }
        }
    }

    /// The connection is of use: others may use it too.
    fn found(&mut self, rpc: &Rpc) {
        if matches!(*self.link.borrow(), Link::Up(_)) {
            return;
        }
        self.dialer.succeeded();
        info!(endpoint = rpc.endpoint(), "etcd is back");
        self.link.send_replace(Link::Up(rpc.clone()));
    }

    fn take_over(&mut self, moments: &[Moment]) {
        if moments.is_empty() {
            return;
        }
        let now = Timestamp::now();
        for moment in moments {
            self.index.follow(moment.revision, &moment.writes, now);
        }
        self.publish();
    }

    /// Reads everything anew. Who watches from before is told so.
    async fn read_anew(&mut self, rpc: &Rpc) -> Result<(), EtcdError> {
        warn!("etcd's history was compacted before it was heard: reading everything anew");
        let space = self.follower.space().clone();
        let listing = listing::read(rpc, &space).await?;
        let base = space.base();
        if listing.state != Some(State::Ready { base }) {
            return Err(EtcdError::Moved);
        }
        let revision = space.revision(listing.revision);
        if self.index.revision() < revision {
            self.index = Index::restored(revision, listing.records, self.history);
            self.publish();
        }
        self.follower.jump(listing.revision);
        Ok(())
    }

    fn publish(&self) {
        let snapshot = self.index.snapshot();
        let revision = snapshot.revision();
        self.live.publish(snapshot);
        self.copied.send_replace(revision);
    }
}

fn ended(rpc: &Rpc, message: String) -> EtcdError {
    EtcdError::Call {
        action: "watch",
        endpoint: rpc.endpoint().to_owned(),
        code: tonic::Code::Unavailable,
        message,
    }
}
