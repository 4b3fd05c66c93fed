//! What can be found on the machine: files, the flags of the server's process, and its sockets.

use std::collections::BTreeMap;
use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};
use clap::Parser;
use rustix::process::Pid;

use gantry_access::hardening::{AuditFacts, EtcdFacts, Facts, FileFact, Place};
use gantry_seal::Configuration;

use crate::cluster::{Cluster, config_file};
use crate::config::{text, words};
use crate::options::{Command, Options, Which};

/// Files that other installations have.
const FOREIGN: [&str; 6] = [
    "/etc/kubernetes/manifests/kube-apiserver.yaml",
    "/etc/kubernetes/manifests/kube-controller-manager.yaml",
    "/etc/kubernetes/manifests/kube-scheduler.yaml",
    "/etc/kubernetes/manifests/etcd.yaml",
    "/etc/kubernetes/scheduler.conf",
    "/etc/kubernetes/controller-manager.conf",
];
/// Megabytes of a file of the audit log, unless somebody says otherwise.
const AUDIT_MEGABYTES: u64 = 100;
/// Ports that components have which are processes of their own.
const PORTS: [u16; 3] = [10250, 10257, 10259];
const PATIENCE: Duration = Duration::from_millis(300);
/// The state of a listening socket, as the kernel's table writes it.
const LISTENING: &str = "0A";

/// Everything but what has to be asked.
pub(super) fn gather(cluster: &Cluster, pid: Pid) -> Result<Facts> {
    let process = PathBuf::from(format!("/proc/{}", pid.as_raw_nonzero()));
    let flags = flags(cluster, &process)?;
    let server_uid = fs::metadata(&process)
        .context("look at the server's process")?
        .uid();
    let flag = |name: &str| flags.get(name).cloned();
    let etcd = cluster
        .datastore
        .endpoint
        .clone()
        .map(|endpoints| EtcdFacts {
            endpoints,
            has_authority: cluster.datastore.keys.cafile.is_some(),
            has_certificate: cluster.datastore.keys.certfile.is_some(),
        });
    // What is not said is kept for ever, in files of a hundred megabytes.
    let number = |name: &str, unsaid: u64| {
        let said = flag(name).map(|text| text.parse().unwrap_or(0));
        said.unwrap_or(unsaid)
    };
    let audit = flag("audit-log-path").map(|path| AuditFacts {
        path,
        days: number("audit-log-maxage", u64::MAX),
        files: number("audit-log-maxbackup", u64::MAX),
        megabytes: number("audit-log-maxsize", AUDIT_MEGABYTES),
        has_policy: flags.contains_key("audit-policy-file"),
    });
    Ok(Facts {
        files: files(cluster)?,
        server_uid,
        foreign: FOREIGN
            .iter()
            .filter(|path| Path::new(path).exists())
            .map(|path| (*path).to_owned())
            .collect(),
        ports: PORTS.into_iter().filter(|port| is_open(*port)).collect(),
        listens: listens(&process)?,
        sealed: sealed(cluster)?,
        has_node: cluster.has_node,
        etcd,
        audit,
        answers: BTreeMap::new(),
        flags,
    })
}

/// What the process was told on its command line and in its file.
fn flags(cluster: &Cluster, process: &Path) -> Result<BTreeMap<String, String>> {
    let line = fs::read(process.join("cmdline")).context("read the server's command line")?;
    let said = line
        .split(|byte| *byte == 0)
        .filter(|word| !word.is_empty());
    let said = said.map(|word| String::from_utf8_lossy(word).into_owned());
    let options = Options::try_parse_from(said).context("read the server's command line")?;
    let Command::Server(server) = options.command else {
        anyhow::bail!("the process that serves was not started as a server");
    };
    let which = Which {
        name: cluster.name.clone(),
        data_dir: Some(cluster.data_dir.clone()),
        port: None,
    };
    let settings = server.settings.with_file(config_file(&which))?;
    let words = words(&settings)?.into_iter();
    Ok(words.map(|(name, value)| (name, text(&value))).collect())
}

fn files(cluster: &Cluster) -> Result<BTreeMap<Place, Vec<FileFact>>> {
    let mut found: BTreeMap<Place, Vec<FileFact>> = BTreeMap::new();
    let mut add = |place, path: &Path| -> Result<()> {
        if let Some(fact) = fact(path)? {
            found.entry(place).or_default().push(fact);
        }
        Ok(())
    };
    let keys = cluster.data_dir.join("pki");
    add(Place::Data, &cluster.data_dir)?;
    add(Place::Store, &cluster.data_dir.join("store"))?;
    add(Place::Keys, &keys)?;
    add(Place::Kubeconfig, &cluster.kubeconfig())?;
    if let Some(sealing) = cluster.encryption.current() {
        add(Place::Sealing, sealing)?;
    }
    for path in list(&keys)? {
        let text = fs::read_to_string(&path).unwrap_or_default();
        let place = match text.contains("PRIVATE KEY") {
            true => Place::Key,
            false => Place::Certificate,
        };
        add(place, &path)?;
    }
    for path in list(Path::new("/etc/cni/net.d"))? {
        add(Place::Network, &path)?;
    }
    Ok(found)
}

fn list(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error).with_context(|| format!("read {}", folder.display())),
    };
    let paths = entries.map(|entry| entry.map(|entry| entry.path()));
    let mut paths: Vec<PathBuf> = paths.collect::<Result<_, _>>()?;
    paths.sort();
    Ok(paths)
}

fn fact(path: &Path) -> Result<Option<FileFact>> {
    match fs::symlink_metadata(path) {
        Ok(metadata) => Ok(Some(FileFact {
            path: path.display().to_string(),
            mode: metadata.mode() & 0o7777,
            uid: metadata.uid(),
        })),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("look at {}", path.display())),
    }
}

fn is_open(port: u16) -> bool {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    TcpStream::connect_timeout(&address, PATIENCE).is_ok()
}

/// Where the process listens: the sockets that it holds, looked up in the kernel's table.
fn listens(process: &Path) -> Result<Vec<String>> {
    let mut held = Vec::new();
    for entry in list(&process.join("fd"))? {
        // A file may be closed between the two looks.
        let target = fs::read_link(&entry).unwrap_or_default();
        let target = target.to_string_lossy().into_owned();
        let inode = target
            .strip_prefix("socket:[")
            .and_then(|rest| rest.strip_suffix(']'));
        held.extend(inode.map(str::to_owned));
    }
    let mut found = Vec::new();
    for table in ["net/tcp", "net/tcp6"] {
        let text = fs::read_to_string(process.join(table)).unwrap_or_default();
        for line in text.lines().skip(1) {
            let words: Vec<&str> = line.split_whitespace().collect();
            let [_, local, _, state, ..] = words[..] else {
                continue;
            };
            let is_ours = words
                .get(9)
                .is_some_and(|inode| held.iter().any(|one| one == inode));
            if state == LISTENING && is_ours {
                found.extend(address(local));
            }
        }
    }
    Ok(found)
}

/// An address as the kernel's table writes it: hexadecimal, in the machine's order of bytes.
fn address(text: &str) -> Option<String> {
    let (host, port) = text.split_once(':')?;
    let port = u16::from_str_radix(port, 16).ok()?;
    if host.len() != 8 {
        let is_any = host.chars().all(|digit| digit == '0');
        return Some(if is_any {
            format!("[::]:{port}")
        } else {
            format!("[{host}]:{port}")
        });
    }
    let host = u32::from_str_radix(host, 16).ok()?;
    Some(format!("{}:{port}", Ipv4Addr::from(host.to_ne_bytes())))
}

fn sealed(cluster: &Cluster) -> Result<Vec<(String, String)>> {
    let Some(path) = cluster.encryption.current() else {
        return Ok(Vec::new());
    };
    let described = Configuration::read(path)?.described().into_iter();
    Ok(described
        .flat_map(|(resources, by)| resources.into_iter().map(move |one| (one, by.clone())))
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_the_kernels_table_are_read() {
        assert_eq!(address("0100007F:192B").as_deref(), Some("127.0.0.1:6443"));
        assert_eq!(address("00000000:192B").as_deref(), Some("0.0.0.0:6443"));
        let any = "00000000000000000000000000000000:192B";
        assert_eq!(address(any).as_deref(), Some("[::]:6443"));
        assert_eq!(address("nonsense"), None);
    }
}
