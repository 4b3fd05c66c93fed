//! The administrator's way in: a kubeconfig in the data directory, and a context in the user's own.
//!
//! The certificates live thirty days at most; the running server renews them in place, in every
//! file that `up` has written to.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};

use gantry_access::revocation::{Revocations, Whose};
use gantry_base::Timestamp;
use gantry_base::time::after;
use gantry_client::kubeconfig::{self, Entry};
use gantry_pki::{Certificate, Identity, Pki, needs_renewal};

use crate::cluster::{Cluster, DEFAULT_NAME};

/// How much later than now a certificate says it was made when the one before was revoked: times in
/// certificates are whole seconds. They begin five minutes earlier than they say.
const AHEAD: [Duration; 3] = [
    Duration::from_secs(1),
    Duration::from_secs(60),
    Duration::from_secs(299),
];

/// Writes `<data-dir>/kubeconfig` with a fresh certificate.
pub(crate) fn write_own(cluster: &Cluster, pki: &Pki, now: Timestamp) -> Result<()> {
    let identity = pki
        .admin_identity(now)
        .context("make the administrator's certificate")?;
    write_identity(cluster, &identity)?;
    let path = cluster.kubeconfig();
    kubeconfig::merge(&path, &entry(cluster, &identity), true)
        .with_context(|| format!("write {}", path.display()))
}

/// Renews the certificate everywhere, if half of its life is over or it does not `count` any more.
/// Says whether it did.
pub(crate) fn renew(
    cluster: &Cluster,
    pki: &Pki,
    now: Timestamp,
    counts: impl Fn(&Certificate) -> bool,
) -> Result<bool> {
    let known = own_certificate(cluster)?;
    if !needs_renewal(&known, now) && counts(&known) {
        return Ok(false);
    }
    // Whoever revoked it may have a clock that is ahead of ours.
    for ahead in AHEAD {
        write_own(cluster, pki, after(now, ahead))?;
        if counts(&own_certificate(cluster)?) {
            break;
        }
    }
    let identity = read_identity(cluster)?;
    for path in users_files(cluster)? {
        if path.exists() {
            let entry = entry(cluster, &identity);
            kubeconfig::merge(&path, &entry, false)
                .with_context(|| format!("write {}", path.display()))?;
        }
    }
    Ok(true)
}

/// The administrator's certificate.
pub(crate) fn own_certificate(cluster: &Cluster) -> Result<Certificate> {
    let known = read_identity(cluster)?;
    Certificate::from_pem(&known.cert_pem).context("read the administrator's certificate")
}

/// Whether the administrator's certificate counts after a revocation.
pub(crate) fn counts_after(cluster: &Cluster, whose: &Whose, at: Timestamp) -> Result<bool> {
    let certificate = own_certificate(cluster)?;
    let mut revocations = Revocations::default();
    revocations.revoke(whose.clone(), at, at);
    Ok(!revocations.cover(&certificate.subject.user, certificate.issued_at()))
}

/// Puts the context into the user's own kubeconfig and makes it the current one. Says where.
pub(crate) fn merge_into_users(cluster: &Cluster) -> Result<PathBuf> {
    let path = users_path()?;
    let identity = read_identity(cluster)?;
    let entry = entry(cluster, &identity);
    kubeconfig::merge(&path, &entry, cluster.name == DEFAULT_NAME)
        .with_context(|| format!("write {}", path.display()))?;
    let mut files = users_files(cluster)?;
    if !files.contains(&path) {
        files.push(path.clone());
        let text = serde_json::to_string(&files).context("remember the kubeconfig")?;
        fs::write(record(cluster), text).context("remember the kubeconfig")?;
    }
    Ok(path)
}

/// Takes the context out of every file that has it.
pub(crate) fn forget(cluster: &Cluster) -> Result<()> {
    for path in users_files(cluster)? {
        kubeconfig::remove(&path, &cluster.name)
            .with_context(|| format!("take the context out of {}", path.display()))?;
    }
    Ok(())
}

fn entry(cluster: &Cluster, identity: &Identity) -> Entry {
    Entry {
        name: cluster.name.clone(),
        server: format!("https://127.0.0.1:{}", cluster.port),
        authority: identity.ca_pem.clone().into_bytes(),
        certificate: identity.cert_pem.clone().into_bytes(),
        key: identity.key_pem.clone().into_bytes(),
    }
}

/// The first file of `$KUBECONFIG`, or the usual place in the home of whoever called, sudo seen
/// through.
pub(crate) fn users_path() -> Result<PathBuf> {
    let listed = std::env::var_os("KUBECONFIG").filter(|list| !list.is_empty());
    if let Some(first) = listed
        .as_ref()
        .and_then(|list| std::env::split_paths(list).find(|path| path != Path::new("")))
    {
        return Ok(first);
    }
    let home = sudo_home().or_else(|| std::env::var_os("HOME").map(PathBuf::from));
    let home = home.context("find your home directory: $HOME is not set")?;
    Ok(home.join(".kube/config"))
}

/// The home of the user behind sudo.
fn sudo_home() -> Option<PathBuf> {
    let uid = std::env::var("SUDO_UID").ok()?;
    let users = fs::read_to_string("/etc/passwd").ok()?;
    let mut fields = users
        .lines()
        .map(|line| line.split(':').collect::<Vec<_>>());
    let user = fields.find(|fields| fields.get(2) == Some(&uid.as_str()))?;
    user.get(5).map(PathBuf::from)
}

fn record(cluster: &Cluster) -> PathBuf {
    cluster.data_dir.join("kubeconfig-files.json")
}

/// The users' files that have the context.
fn users_files(cluster: &Cluster) -> Result<Vec<PathBuf>> {
    match fs::read_to_string(record(cluster)) {
        Ok(text) => serde_json::from_str(&text).context("read which kubeconfigs were written"),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(error).context("read which kubeconfigs were written"),
    }
}

fn identity_file(cluster: &Cluster) -> PathBuf {
    cluster.data_dir.join("admin.json")
}

fn write_identity(cluster: &Cluster, identity: &Identity) -> Result<()> {
    use std::io::Write;
    use std::os::unix::fs::OpenOptionsExt;
    let path = identity_file(cluster);
    let parts = [&identity.cert_pem, &identity.key_pem, &identity.ca_pem];
    let text =
        serde_json::to_string(&parts).context("write down the administrator's certificate")?;
    let temporary = path.with_extension("json.new");
    let mut options = fs::OpenOptions::new();
    let mut file = options
        .create(true)
        .truncate(true)
        .write(true)
        .mode(0o600)
        .open(&temporary)
        .with_context(|| format!("write {}", temporary.display()))?;
    file.write_all(text.as_bytes())
        .with_context(|| format!("write {}", temporary.display()))?;
    fs::rename(&temporary, &path).with_context(|| format!("write {}", path.display()))
}

fn read_identity(cluster: &Cluster) -> Result<Identity> {
    let path = identity_file(cluster);
    let text = fs::read_to_string(&path).with_context(|| format!("read {}", path.display()))?;
    let [cert_pem, key_pem, ca_pem] =
        serde_json::from_str(&text).with_context(|| format!("read {}", path.display()))?;
    Ok(Identity {
        cert_pem,
        key_pem,
        ca_pem,
    })
}
