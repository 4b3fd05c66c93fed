//! Whether etcd can be reached, and over which connection.
//!
//! One task decides that: the one that follows the changes. Everybody else takes the connection as
//! it stands, and gives up at once while there is none.

use std::sync::Arc;
use std::time::Duration;

use gantry_base::chain;
use tracing::debug;

use crate::config::EtcdConfig;
use crate::error::EtcdError;
use crate::limits::RETRY_MAX;
use crate::rpc::Rpc;

/// Whether etcd can be reached.
#[derive(Clone, Debug)]
pub(crate) enum Link {
    /// It can, over this connection.
    Up(Rpc),
    /// It cannot, for this reason.
    Down(Arc<EtcdError>),
}

impl Link {
    /// The connection, or why there is none.
    pub(crate) fn rpc(&self) -> Result<Rpc, Arc<EtcdError>> {
        match self {
            Self::Up(rpc) => Ok(rpc.clone()),
            Self::Down(why) => Err(Arc::clone(why)),
        }
    }
}

/// Tries endpoints in turn.
#[derive(Debug)]
pub(crate) struct Dialer {
    config: EtcdConfig,
    next: usize,
    /// Attempts that failed one after another.
    failures: u32,
}

impl Dialer {
    pub(crate) const fn new(config: EtcdConfig) -> Self {
        Self {
            config,
            next: 0,
            failures: 0,
        }
    }

    /// Tries the next endpoint. After a whole round without success it first waits a while.
    pub(crate) async fn dial(&mut self) -> Result<Rpc, EtcdError> {
        tokio::time::sleep(pause(self.failures, self.config.endpoints.len())).await;
        let endpoint = &self.config.endpoints[self.next % self.config.endpoints.len()];
        self.next += 1;
        let outcome = Rpc::connect(endpoint, &self.config).await;
        match &outcome {
            Ok(_) => debug!(endpoint, "connected to etcd"),
            Err(error) => debug!(error = chain(error), "etcd was not reached"),
        }
        self.failures = self.failures.saturating_add(1);
        outcome
    }

    /// Notes that the connection made last is of use.
    pub(crate) const fn succeeded(&mut self) {
        self.failures = 0;
    }
}

/// How long to wait before an attempt, after so many failed ones.
fn pause(failures: u32, endpoints: usize) -> Duration {
    let rounds = failures / u32::try_from(endpoints.max(1)).unwrap_or(u32::MAX);
    match rounds {
        0 => Duration::ZERO,
        rounds => RETRY_MAX.min(Duration::from_millis(50) * 2_u32.pow(rounds.min(10))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_endpoint_is_tried_before_anybody_waits() {
        let pauses: Vec<u128> = (0..8)
            .map(|failures| pause(failures, 3).as_millis())
            .collect();
        assert_eq!(pauses, [0, 0, 0, 100, 100, 100, 200, 200]);
        assert_eq!(pause(u32::MAX, 1), RETRY_MAX);
    }
}
