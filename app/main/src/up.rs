//! `gantry up`: start the cluster in the background and wait until it is ready.

use std::fs::{self, OpenOptions};
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::process::CommandExt;
use std::process::Stdio;

use anyhow::{Context, Result, bail};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{ChildStdout, Command};

use crate::cluster::{Cluster, config_file};
use crate::config::Settings;
use crate::notice::Notice;
use crate::options::{Up, Which};
use crate::output::{self, Progress};
use crate::process::{require_root, serving};
use crate::{demo, kubeconfig, service};

/// A log larger than this is put aside when the server starts; one such is kept.
const LOG_BYTES: u64 = 10 * 1024 * 1024;

/// Starts the cluster, if it does not run already, and says what to try next.
pub(crate) async fn run(which: &Which, options: &Up) -> Result<()> {
    let settings = options.settings.with_file(config_file(which))?;
    if !settings.no_node {
        require_root()?;
    }
    if options.nodes != 1 {
        bail!(
            "--nodes {}: clusters of several nodes are not built yet; leave the option out",
            options.nodes
        );
    }
    let cluster = Cluster::find_or_make(which)?;
    let progress = Progress::begin("starting");
    let fresh = serving(&cluster).is_none();
    if fresh {
        start(&cluster, &settings, &progress).await?;
    }
    let path = kubeconfig::merge_into_users(&cluster)?;
    progress.done(&format!("context {:?} in {}", cluster.name, path.display()));
    let shown = match options.demo {
        true => Some(show_demo(&cluster, &progress).await?),
        false => None,
    };
    drop(progress);
    output::line("");
    output::line(if fresh {
        "The cluster is ready."
    } else {
        "The cluster was running already."
    });
    if settings.no_node {
        output::line(format!(
            "\nIt has no node, so that pods stay Pending. Try `gantry agent --hollow 3 --kubeconfig {}`.",
            cluster.kubeconfig().display()
        ));
        return Ok(());
    }
    next_steps(&cluster, shown.as_deref());
    Ok(())
}

async fn show_demo(cluster: &Cluster, progress: &Progress) -> Result<String> {
    progress.now("deploying the demo");
    demo::deploy(cluster).await?;
    let urls = service::working_urls(cluster, "default", demo::SERVICE).await?;
    progress.done("demo page");
    urls.into_iter()
        .next()
        .context("the demo's page does not answer: `gantry status` may tell why")
}

/// Starts the server and follows its notices until it is ready.
async fn start(cluster: &Cluster, settings: &Settings, progress: &Progress) -> Result<()> {
    let log = log(cluster)?;
    let mut command = std::process::Command::new("/proc/self/exe");
    command.arg0("gantry").arg("server").arg("--detached");
    command
        .arg("--name")
        .arg(&cluster.name)
        .arg("--data-dir")
        .arg(&cluster.data_dir);
    command.arg("--port").arg(cluster.port.to_string());
    command.args(settings.flags()?);
    command
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(log);
    let mut command = Command::from(command);
    command.kill_on_drop(false);
    let mut server = command.spawn().context("start the server")?;
    let notices = server.stdout.take().context("listen to the server")?;
    match follow(notices, progress).await? {
        Some(why) => bail!("{why}"),
        None => Ok(()),
    }
}

/// Shows the notices; answers why it failed, or nothing when it is ready.
async fn follow(notices: ChildStdout, progress: &Progress) -> Result<Option<String>> {
    let mut lines = BufReader::new(notices).lines();
    while let Some(line) = lines.next_line().await.context("listen to the server")? {
        match serde_json::from_str(&line).with_context(|| format!("understand {line:?}"))? {
            Notice::Doing(what) => progress.now(&what),
            Notice::Done(what) => progress.done(&what),
            Notice::Ready => return Ok(None),
            Notice::Failed(why) => return Ok(Some(why)),
        }
    }
    bail!("the server ended without a word: its log says more")
}

fn log(cluster: &Cluster) -> Result<fs::File> {
    let path = cluster.log_file();
    if fs::metadata(&path).is_ok_and(|known| known.len() > LOG_BYTES) {
        fs::rename(&path, path.with_extension("log.1")).context("put the old log aside")?;
    }
    let mut options = OpenOptions::new();
    options.create(true).append(true).mode(0o600);
    options
        .open(&path)
        .with_context(|| format!("open {}", path.display()))
}

fn next_steps(cluster: &Cluster, demo: Option<&str>) {
    let flags = cluster.flags();
    if let Some(url) = demo {
        output::line(format!(
            "\nLook at the demo (it answers now):\n  curl {url}"
        ));
    }
    output::line("\nTry next:");
    output::line("  kubectl get nodes -o wide          # no kubectl? `gantry kubectl` is one");
    output::line("  kubectl create deployment nginx --image=nginx --replicas=3");
    output::line("  kubectl expose deployment nginx --type=NodePort --port=80");
    output::line(format!("  gantry{flags} service nginx --url"));
    output::line(format!("  gantry{flags} status"));
    output::line(format!(
        "  gantry{flags} down                       # stop; `--purge` also deletes the data"
    ));
}
