//! `gantry kubeconfig`: ways in for further users, and their end.
//!
//! A user is a name and groups in a certificate of the cluster's authority, whose key lies on this
//! machine; the server keeps nothing of it. What it keeps is since when certificates do not count
//! any more.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use clap::{Args, Subcommand};
use http::{Method, StatusCode};
use serde_json::{Value, json};

use gantry_access::revocation::{FIELD, NAME, NAMESPACE, Revocations, TYPE, Whose};
use gantry_access::secret;
use gantry_api::Object;
use gantry_base::Timestamp;
use gantry_base::time::{age, parse_duration, since};
use gantry_client::kubeconfig::{self, Entry};
use gantry_client::{Call, Remote, RemoteError};
use gantry_pki::limits::CLIENT_LIFETIME;
use gantry_pki::{Authority, Identity};

use crate::cluster::Cluster;
use crate::kubeconfig::{counts_after, own_certificate, users_path};
use crate::options::Which;
use crate::{output, process, service};

/// What names that are the system's own begin with.
const SYSTEM: &str = "system:";
/// How often somebody else may change the revocations while this does.
const ATTEMPTS: usize = 5;
/// How long the server may take to renew the administrator's certificate.
const PATIENCE: Duration = Duration::from_secs(10);
/// How often it is looked whether it has.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Make a user: a certificate of the cluster, in a kubeconfig that is printed or merged.
    Create(Create),
    /// End the certificates of a user, or of everybody, at once. Later ones count again.
    Revoke(Revoke),
}

#[derive(Debug, Args)]
pub(crate) struct Create {
    /// The user's name, as role bindings name it.
    user: String,
    /// A group of the user; may be repeated.
    #[arg(long, value_name = "GROUP")]
    group: Vec<String>,
    /// How long the certificate is good, such as 8h or 90d; a year at most.
    #[arg(long, value_name = "DURATION", default_value = "30d")]
    ttl: String,
    /// Where the user reaches the API [default: this machine alone, https://127.0.0.1:PORT].
    #[arg(long, value_name = "URL")]
    server: Option<String>,
    /// Write the kubeconfig to this file instead of printing it; what else is in it stays.
    #[arg(long, value_name = "FILE", conflicts_with = "merge")]
    out: Option<PathBuf>,
    /// Add a context to your own kubeconfig instead of printing one.
    #[arg(long)]
    merge: bool,
    /// Allow names that begin with "system:", which are the system's own. Only root may.
    #[arg(long)]
    force: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Revoke {
    /// The user whose certificates end.
    #[arg(required_unless_present = "all", conflicts_with = "all")]
    user: Option<String>,
    /// End all client certificates of the cluster. The administrator's is renewed in place.
    #[arg(long)]
    all: bool,
}

/// Carries out one of the commands.
pub(crate) async fn run(which: &Which, command: &Command) -> Result<()> {
    let cluster = Cluster::existing(which)?;
    match command {
        Command::Create(create) => mint(&cluster, create),
        Command::Revoke(revoke) => end(&cluster, revoke).await,
    }
}

fn mint(cluster: &Cluster, asked: &Create) -> Result<()> {
    let ttl = parse_duration(&asked.ttl).context("use --ttl")?;
    ensure!(
        !ttl.is_zero() && ttl <= CLIENT_LIFETIME,
        "--ttl {}: a certificate is good for more than 0s and at most {}d",
        asked.ttl,
        CLIENT_LIFETIME.as_secs() / 86_400
    );
    check_names(asked, process::is_root())?;
    let authority = Authority::open(&cluster.data_dir.join("pki"))
        .context("open the cluster's authority: it lies on the machine of the server")?;
    let groups: Vec<&str> = asked.group.iter().map(String::as_str).collect();
    let identity = authority.issue_client(&asked.user, &groups, ttl, Timestamp::now())?;
    let entry = entry(cluster, asked, &identity);
    let path = match (&asked.out, asked.merge) {
        (Some(path), _) => path.clone(),
        (None, true) => users_path()?,
        (None, false) => {
            output::line(kubeconfig::text(&entry).trim_end());
            return Ok(());
        }
    };
    kubeconfig::merge(&path, &entry, false).with_context(|| format!("write {}", path.display()))?;
    output::line(format!(
        "{} has the context {:?}, good for {}.",
        path.display(),
        entry.name,
        age(ttl)
    ));
    Ok(())
}

/// The system's own names open doors that no role can close, so that they are not made by mistake.
fn check_names(asked: &Create, is_root: bool) -> Result<()> {
    let names = std::iter::once(&asked.user).chain(&asked.group);
    for name in names {
        ensure!(
            !name.is_empty() && !name.contains(char::is_control),
            "{name:?} cannot be the name of a user or a group"
        );
        let is_allowed = !name.starts_with(SYSTEM) || (asked.force && is_root);
        ensure!(
            is_allowed,
            "{name:?} is the system's own: whoever bears it has rights that roles do not give and \
             cannot take; bind a role to a name of your own, such as `kubectl create \
             clusterrolebinding ops --clusterrole=cluster-admin --group=ops`, or insist with --force \
             as root"
        );
    }
    Ok(())
}

fn entry(cluster: &Cluster, asked: &Create, identity: &Identity) -> Entry {
    let usual = || format!("https://127.0.0.1:{}", cluster.port);
    Entry {
        name: format!("{}@{}", asked.user, cluster.name),
        server: asked.server.clone().unwrap_or_else(usual),
        authority: identity.ca_pem.clone().into_bytes(),
        certificate: identity.cert_pem.clone().into_bytes(),
        key: identity.key_pem.clone().into_bytes(),
    }
}

async fn end(cluster: &Cluster, asked: &Revoke) -> Result<()> {
    let client = service::client(cluster)?;
    let (whose, told) = match &asked.user {
        Some(user) => (Whose::User(user.clone()), format!("of {user:?}")),
        None => (Whose::All, "of everybody".to_owned()),
    };
    let now = Timestamp::now();
    note(&client, &whose, now).await?;
    if !counts_after(cluster, &whose, now)? {
        renewed(cluster, &whose, now).await?;
        output::line("The administrator's certificate in this machine's kubeconfigs was renewed.");
    }
    // Certificates know whole seconds: one that is made from now on is told from those revoked.
    let rest = Duration::from_secs(1).saturating_sub(since(Timestamp::now(), now));
    tokio::time::sleep(rest).await;
    output::line(format!(
        "The client certificates {told} that were made until now do not count any more."
    ));
    Ok(())
}

/// Waits until the server has renewed the administrator's certificate.
async fn renewed(cluster: &Cluster, whose: &Whose, at: Timestamp) -> Result<()> {
    let begun = Instant::now();
    while begun.elapsed() < PATIENCE {
        if counts_after(cluster, whose, at)? {
            return Ok(());
        }
        tokio::time::sleep(LOOK_AGAIN).await;
    }
    let ends = own_certificate(cluster)?.not_after;
    bail!(
        "the certificates are revoked, but the server did not renew the administrator's own (which \
         would end in {}): its log says more, and `gantry down` and `up` make a new one",
        age(since(ends, at))
    )
}

/// Adds to the revocations that the server keeps.
async fn note(client: &Remote, whose: &Whose, now: Timestamp) -> Result<()> {
    let list = format!("/api/v1/namespaces/{NAMESPACE}/secrets");
    let path = format!("{list}/{NAME}");
    let earliest = now.checked_sub(CLIENT_LIFETIME).unwrap_or(now);
    for _ in 0..ATTEMPTS {
        let known = match client.send(Call::get(&path)).await {
            Ok(answer) => Some(serde_json::from_slice(&answer.content).context("read the answer")?),
            Err(error) if is(&error, StatusCode::NOT_FOUND) => None,
            Err(error) => return Err(error).context("read what was revoked before"),
        };
        let known: Option<Object> = known;
        let mut revocations = match &known {
            None => Revocations::default(),
            Some(known) => Revocations::read(known).with_context(|| {
                format!(
                    "read what was revoked before: the Secret {NAMESPACE}/{NAME} is damaged; \
                         delete it, and revoke all that was revoked again"
                )
            })?,
        };
        revocations.revoke(whose.clone(), now, earliest);
        let secret = written(&revocations, known.as_ref())?;
        let call = match known {
            None => Call::new(Method::POST, &list),
            Some(_) => Call::new(Method::PUT, &path),
        };
        match client
            .send(call.body(secret.to_string(), "application/json"))
            .await
        {
            Ok(_) => return Ok(()),
            Err(error) if is(&error, StatusCode::CONFLICT) => {}
            Err(error) => return Err(error).context("revoke the certificates"),
        }
    }
    bail!("revoke the certificates: others change what is revoked all the time; try again")
}

fn is(error: &RemoteError, code: StatusCode) -> bool {
    matches!(error, RemoteError::Refused(refusal) if refusal.code == code.as_u16())
}

fn written(revocations: &Revocations, known: Option<&Object>) -> Result<Value> {
    let text = serde_json::to_string(revocations).context("write down what is revoked")?;
    let version = known.map(|known| known.text(&["metadata", "resourceVersion"]));
    let mut secret = json!({
        "apiVersion": "v1", "kind": "Secret", "type": TYPE,
        "metadata": {"name": NAME, "namespace": NAMESPACE},
        "data": {FIELD: secret::encoded(&text)},
    });
    if let Some(version) = version {
        secret["metadata"]["resourceVersion"] = version.into();
    }
    Ok(secret)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(user: &str, group: &str, force: bool) -> Create {
        Create {
            user: user.to_owned(),
            group: vec![group.to_owned()],
            ttl: "1h".to_owned(),
            server: None,
            out: None,
            merge: false,
            force,
        }
    }

    #[test]
    fn names_of_the_system_are_made_by_an_insisting_root_only() {
        assert!(check_names(&asked("jane", "ops", false), false).is_ok());
        for (user, group) in [("system:admin", "ops"), ("jane", "system:masters")] {
            let refused = check_names(&asked(user, group, false), true).unwrap_err();
            assert!(
                refused.to_string().contains("the system's own"),
                "{refused}"
            );
            assert!(check_names(&asked(user, group, true), false).is_err());
            assert!(check_names(&asked(user, group, true), true).is_ok());
        }
        assert!(check_names(&asked("", "ops", true), true).is_err());
    }
}
