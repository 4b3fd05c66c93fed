//! The embedded data plane: one packet-filter table per cluster.
//!
//! ```text
//! prerouting, output --> services --(frontend)--> balance, refuse or drop
//!                           balance: draw a slot, (frontend, slot) --> endpoint
//! postrouting: masquerade what was marked, what meets itself, what leaves the cluster
//! ```
//!
//! Services cost elements of maps, never chains: frontends that balance alike share their rules, of
//! which there are as many as there are different numbers of endpoints. The first replacement of
//! a process makes the table anew in one transaction; later ones send only the difference.

use std::collections::BTreeSet;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, PoisonError};

use gantry_base::ignore;
use gantry_routing::{Changes, Installed, Ruleset, Step, difference};
use rustix::io::Errno;

use crate::blocking::apart;
use crate::config::NetworkConfig;
use crate::conntrack;
use crate::dataplane::{Applied, Dataplane, DataplaneError};
use crate::filter::{self, Batch};
use crate::netlink::{Family, NetlinkError, Socket};
use crate::network::Reply;
use crate::rtnetlink::Links;
use crate::sysctl;

mod changes;
mod shape;
mod table;

/// Keeps the cluster's packet-filter table equal to a ruleset.
#[derive(Clone, Debug)]
pub struct NftDataplane {
    config: Arc<NetworkConfig>,
    /// What this process has installed, if it has; locked for a whole replacement, so that two
    /// never mix.
    installed: Arc<Mutex<Option<Installed>>>,
}

impl NftDataplane {
    /// A data plane for the cluster's table. Touches nothing yet.
    #[must_use]
    pub fn new(config: NetworkConfig) -> Self {
        Self {
            config: Arc::new(config),
            installed: Arc::new(Mutex::new(None)),
        }
    }

    fn replace_now(&self, rules: &Ruleset) -> Result<Applied, DataplaneError> {
        let mut installed = self
            .installed
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let (step, applied) =
            self.install(installed.as_ref(), rules)
                .map_err(|source| DataplaneError::Filter {
                    table: self.config.table(),
                    source,
                })?;
        *installed = Some(step.after);
        self.answer_on_loopback()?;
        let forgotten = forget_flows(&step.changes).map_err(DataplaneError::Flows)?;
        Ok(Applied {
            forgotten,
            ..applied
        })
    }

    /// Lets replies for loopback addresses in over the bridge. Without the table's protection pods
    /// could then reach what the node offers only to itself, so this comes after the table.
    fn answer_on_loopback(&self) -> Result<(), DataplaneError> {
        let bridge = self.config.bridge();
        sysctl::set(&loopback_switch(&bridge), "1")
            .map_err(|source| DataplaneError::Loopback { bridge, source })
    }

    fn install(
        &self,
        installed: Option<&Installed>,
        rules: &Ruleset,
    ) -> Result<(Step, Applied), NetlinkError> {
        // Somebody else may have flushed the packet filter; then all of it is missing.
        if let Some(known) = installed.filter(|_| self.table_exists()) {
            let step = difference(known, rules);
            match self.send(|batch| self.put(batch, &step)) {
                Ok(bytes) => {
                    return Ok((
                        step,
                        Applied {
                            bytes,
                            ..Applied::default()
                        },
                    ));
                }
                Err(error) => {
                    let table = self.config.table();
                    let error = gantry_base::chain(&error);
                    tracing::warn!(%table, %error, "a table was not as we left it: made anew");
                }
            }
        }
        let step = difference(&Installed::default(), rules);
        let bytes = self.send(|batch| {
            table::make_anew(batch, &self.config);
            self.put(batch, &step);
        })?;
        Ok((
            step,
            Applied {
                bytes,
                rebuilt: true,
                ..Applied::default()
            },
        ))
    }

    fn put(&self, batch: &mut Batch, step: &Step) {
        changes::put(batch, &step.changes, self.config.cluster_range);
    }

    fn table_exists(&self) -> bool {
        let message = filter::find_table(&self.config.table());
        Socket::open(Family::Netfilter)
            .and_then(|socket| socket.request(message))
            .is_ok()
    }

    /// Carries out a batch. Each has its own socket: one that is refused leaves answers behind.
    fn send(&self, fill: impl Fn(&mut Batch)) -> Result<usize, NetlinkError> {
        let mut batch = Batch::new(&self.config.table());
        fill(&mut batch);
        if batch.is_empty() {
            return Ok(0);
        }
        let bytes = batch.finish();
        Socket::open(Family::Netfilter)?.batch(&bytes)?;
        Ok(bytes.len())
    }

    fn remove_now(&self) -> Result<(), DataplaneError> {
        let mut installed = self
            .installed
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let closed = sysctl::set(&loopback_switch(&self.config.bridge()), "0");
        ignore(
            closed,
            "the bridge may be gone already, and the switch with it",
        );
        let removed = self.send(Batch::delete_table);
        match removed {
            Err(error) if error.errno() == Some(Errno::NOENT) => {}
            Err(source) => {
                return Err(DataplaneError::Filter {
                    table: self.config.table(),
                    source,
                });
            }
            Ok(_) => {}
        }
        *installed = None;
        Ok(())
    }

    fn apart<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Self) -> Result<T, DataplaneError> + Send + 'static,
    ) -> Reply<'static, T, DataplaneError> {
        let dataplane = self.clone();
        Box::pin(async move {
            apart(move || work(&dataplane))
                .await
                .unwrap_or(Err(DataplaneError::Stopping))
        })
    }
}

fn loopback_switch(bridge: &str) -> String {
    format!("conf/{bridge}/route_localnet")
}

fn forget_flows(changes: &Changes) -> Result<usize, NetlinkError> {
    if changes.stale.is_empty() {
        return Ok(0);
    }
    let addresses = Links::here()?.addresses()?;
    let own: BTreeSet<Ipv4Addr> = addresses.into_iter().map(|(_, address)| address).collect();
    conntrack::forget(&changes.stale, &own)
}

impl Dataplane for NftDataplane {
    fn replace(&self, rules: Ruleset) -> Reply<'_, Applied, DataplaneError> {
        self.apart(move |dataplane| dataplane.replace_now(&rules))
    }

    fn remove(&self) -> Reply<'_, (), DataplaneError> {
        self.apart(Self::remove_now)
    }
}
