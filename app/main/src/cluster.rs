//! One cluster of this machine: its name, its places on disk, its addresses.
//!
//! What is chosen when a cluster is made is written down in its data directory and never changes
//! by itself. Everything that must differ between clusters is derived from one number, the slot.

use std::fs;
use std::net::Ipv4Addr;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use serde::{Deserialize, Serialize};

use gantry_netdev::NetworkConfig;
use gantry_registry::settings::Ipv4Range;
use gantry_routing::Cidr;

use crate::address;
use crate::config::Settings;
use crate::datastore::Datastore;
use crate::encryption::Encryption;
use crate::options::Which;

/// The name of the cluster that is meant when none is named.
pub(crate) const DEFAULT_NAME: &str = "gantry";
/// The version of Kubernetes that is announced.
pub(crate) const VERSION: &str = "v1.35.0";
const FIRST_PORT: u16 = 6443;
/// How many clusters a machine can hold: each takes a /16 for pods and one for services.
const SLOTS: u8 = 8;
/// Node ports of one cluster.
const NODE_PORTS: u16 = 2768;
/// The version of the record below.
const RECORD: u32 = 3;
/// The version of a record that says nothing an older program must not overlook.
const PLAIN_RECORD: u32 = 1;

/// What was chosen when the cluster was made.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Cluster {
    version: u32,
    pub(crate) name: String,
    pub(crate) port: u16,
    slot: u8,
    /// The range of services, where another was asked for than the slot's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    services: Option<String>,
    /// The range of node ports, likewise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    node_ports: Option<(u16, u16)>,
    /// Whether this machine was ever a node of the cluster, so that there may be pods to remove.
    #[serde(default = "yes")]
    pub(crate) has_node: bool,
    #[serde(default, skip_serializing_if = "is_default")]
    pub(crate) datastore: Datastore,
    #[serde(default, skip_serializing_if = "Encryption::is_none")]
    pub(crate) encryption: Encryption,
    #[serde(skip)]
    pub(crate) data_dir: PathBuf,
}

/// What is true of records that say nothing of it.
const fn yes() -> bool {
    true
}

fn is_default(datastore: &Datastore) -> bool {
    *datastore == Datastore::default()
}

/// Where the cluster that is meant keeps its data.
pub(crate) fn data_dir(which: &Which) -> PathBuf {
    which
        .data_dir
        .clone()
        .unwrap_or_else(|| match which.name.as_str() {
            DEFAULT_NAME => PathBuf::from("/var/lib/gantry"),
            name => PathBuf::from(format!("/var/lib/gantry-{name}")),
        })
}

/// The file with settings that needs no naming.
pub(crate) fn config_file(which: &Which) -> PathBuf {
    data_dir(which).join("config.yaml")
}

impl Cluster {
    /// The cluster that is meant, if it was ever made.
    pub(crate) fn find(which: &Which) -> Result<Option<Self>> {
        let data_dir = data_dir(which);
        let path = record(&data_dir);
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error).with_context(|| format!("read {}", path.display())),
        };
        let cluster: Self = serde_json::from_str(&text).with_context(|| {
            format!(
                "{} is damaged; a cluster is made anew after `gantry down --purge`",
                path.display()
            )
        })?;
        ensure!(
            cluster.version <= RECORD,
            "the data in {} was written by a newer gantry (record {}, this one knows {RECORD}): use that one",
            data_dir.display(),
            cluster.version
        );
        ensure!(
            cluster.name == which.name,
            "{} belongs to the cluster {:?}: name it with --name {}",
            data_dir.display(),
            cluster.name,
            cluster.name
        );
        Ok(Some(Self {
            data_dir,
            ..cluster
        }))
    }

    /// The cluster that is meant; it is an error if it was never made.
    pub(crate) fn existing(which: &Which) -> Result<Self> {
        match Self::find(which)? {
            Some(cluster) => Ok(cluster),
            None => bail!(
                "there is no cluster {:?} in {}: start it with `gantry up`",
                which.name,
                data_dir(which).display()
            ),
        }
    }

    /// The cluster that is meant, made if need be. A port that is given counts from now on.
    pub(crate) fn find_or_make(which: &Which) -> Result<Self> {
        let known = Self::find(which)?;
        let mut cluster = match known {
            Some(known) => known,
            None => Self::make(which)?,
        };
        if let Some(port) = which.port {
            cluster.port = port;
        }
        cluster.write()?;
        Ok(cluster)
    }

    fn make(which: &Which) -> Result<Self> {
        check_name(&which.name)?;
        let in_use = address::local()?;
        let free = |slot: &u8| {
            !in_use
                .iter()
                .any(|used| used.octets()[..2] == [10, 244 - *slot])
        };
        let slot = if which.name == DEFAULT_NAME {
            0..1
        } else {
            1..SLOTS
        };
        let mut slots = slot.filter(free);
        let slot = slots.next().with_context(|| {
            format!("find addresses for the cluster {:?}: the ranges 10.237.0.0 to 10.244.255.255 are all in use on this machine", which.name)
        })?;
        let port = FIRST_PORT + u16::from(slot);
        Ok(Self {
            version: PLAIN_RECORD,
            name: which.name.clone(),
            port,
            slot,
            services: None,
            node_ports: None,
            has_node: false,
            datastore: Datastore::default(),
            encryption: Encryption::default(),
            data_dir: data_dir(which),
        })
    }

    /// Writes down what was chosen; what was chosen when the cluster was made cannot change.
    pub(crate) fn choose(&mut self, settings: &Settings) -> Result<()> {
        let fresh = is_default(&self.datastore) && !self.data_dir.join("store").exists();
        if let Some(range) = settings.services()? {
            let known = self.services();
            self.services = Some(range.to_string());
            ensure!(
                fresh || self.services() == known,
                "--service-cluster-ip-range {range}: the cluster was made with {known}, which cannot change; `gantry{} down --purge` deletes it",
                self.flags()
            );
        }
        if let Some(ports) = settings.node_ports()? {
            self.node_ports = Some((*ports.start(), *ports.end()));
        }
        self.has_node |= !settings.no_node;
        ensure!(
            settings.no_node || !self.pods()?.overlaps(self.service_cidr()?),
            "--service-cluster-ip-range {}: it overlaps the pods' range {}",
            self.services(),
            self.pods()?
        );
        self.write()
    }

    /// A cluster that was saved elsewhere, as the one that is meant.
    pub(crate) fn saved(which: &Which, record: &[u8]) -> Result<Self> {
        check_name(&which.name)?;
        let saved: Self = serde_json::from_slice(record).context("read the saved settings")?;
        ensure!(
            saved.version <= RECORD,
            "the settings were saved by a newer gantry (record {}, this one knows {RECORD}): use that one",
            saved.version
        );
        Ok(Self {
            name: which.name.clone(),
            port: which.port.unwrap_or(saved.port),
            datastore: Datastore::default(),
            // Keys stay with the machine; what is restored is sealed with those of this one.
            encryption: Encryption::default(),
            data_dir: data_dir(which),
            ..saved
        })
    }

    /// Writes down what was chosen.
    pub(crate) fn write(&self) -> Result<()> {
        let mut noted = self.clone();
        noted.version = if is_default(&self.datastore) && self.encryption.is_none() {
            PLAIN_RECORD
        } else {
            RECORD
        };
        let path = record(&self.data_dir);
        fs::create_dir_all(&self.data_dir)
            .with_context(|| format!("make {}", self.data_dir.display()))?;
        let text =
            serde_json::to_string_pretty(&noted).context("write down the cluster's settings")?;
        let temporary = path.with_extension("json.new");
        fs::write(&temporary, text).with_context(|| format!("write {}", temporary.display()))?;
        fs::rename(&temporary, &path).with_context(|| format!("write {}", path.display()))
    }

    /// The ranges and names of the network.
    pub(crate) fn network(&self) -> Result<NetworkConfig> {
        let pods = self.pods()?;
        NetworkConfig::new(
            &self.name,
            pods,
            Cidr::new(pods.first(), 24),
            self.service_cidr()?,
        )
        .context("lay out the network")
    }

    /// Where pods get their addresses.
    fn pods(&self) -> Result<Cidr> {
        cidr(&format!("10.{}.0.0/16", 244 - self.slot))
    }

    fn service_cidr(&self) -> Result<Cidr> {
        cidr(&self.services().to_string())
    }

    /// Where services get their addresses.
    pub(crate) fn services(&self) -> Ipv4Range {
        let usual = Ipv4Range {
            first: Ipv4Addr::new(10, 96 + self.slot, 0, 0),
            prefix: 16,
        };
        let chosen = self.services.as_deref().and_then(|text| cidr(text).ok());
        chosen.map_or(usual, |range| Ipv4Range {
            first: range.first(),
            prefix: range.prefix(),
        })
    }

    /// Where services get their node ports: 30000-32767, and below that for further clusters.
    pub(crate) fn node_ports(&self) -> RangeInclusive<u16> {
        if let Some((first, last)) = self.node_ports {
            return first..=last;
        }
        let first = 30_000 - u16::from(self.slot) * NODE_PORTS;
        first..=first + NODE_PORTS - 1
    }

    /// The top of the cluster's cgroups.
    pub(crate) fn cgroup_root(&self) -> String {
        if self.name == DEFAULT_NAME {
            "gantry".to_owned()
        } else {
            format!("gantry-{}", self.name)
        }
    }

    /// The file with the number of the process that serves.
    pub(crate) fn pid_file(&self) -> PathBuf {
        self.data_dir.join("server.pid")
    }

    /// What the server has to say.
    pub(crate) fn log_file(&self) -> PathBuf {
        self.data_dir.join("server.log")
    }

    /// The administrator's own way in.
    pub(crate) fn kubeconfig(&self) -> PathBuf {
        self.data_dir.join("kubeconfig")
    }

    /// The images of this cluster.
    pub(crate) fn images(&self) -> PathBuf {
        self.data_dir.join("images")
    }

    /// How to name this cluster on the command line.
    pub(crate) fn flags(&self) -> String {
        let mut flags = String::new();
        if self.name != DEFAULT_NAME {
            flags.push_str(" --name ");
            flags.push_str(&self.name);
        }
        let usual = data_dir(&Which {
            name: self.name.clone(),
            data_dir: None,
            port: None,
        });
        if self.data_dir != usual {
            flags.push_str(" --data-dir ");
            flags.push_str(&self.data_dir.display().to_string());
        }
        flags
    }
}

fn cidr(text: &str) -> Result<Cidr> {
    text.parse()
        .with_context(|| format!("use the range {text}"))
}

fn record(data_dir: &Path) -> PathBuf {
    data_dir.join("cluster.json")
}

fn check_name(name: &str) -> Result<()> {
    match gantry_base::name::dns_label(name).first() {
        Some(wrong) => bail!("{name:?} cannot be a cluster's name: {wrong}"),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cluster(slot: u8) -> Cluster {
        Cluster {
            version: PLAIN_RECORD,
            name: format!("c{slot}"),
            port: 1,
            slot,
            services: None,
            node_ports: None,
            has_node: true,
            datastore: Datastore::default(),
            encryption: Encryption::default(),
            data_dir: PathBuf::new(),
        }
    }

    #[test]
    fn no_two_slots_share_an_address_or_a_port() {
        for slot in 0..SLOTS - 1 {
            let (one, other) = (cluster(slot), cluster(slot + 1));
            assert!(other.node_ports().end() < one.node_ports().start());
            assert_ne!(one.services(), other.services());
            let overlap = one
                .network()
                .unwrap()
                .cluster_range
                .overlaps(other.network().unwrap().cluster_range);
            assert!(!overlap);
        }
        assert_eq!(cluster(0).node_ports(), 30_000..=32_767);
    }
}
