//! `exec`: a command in a running container.

use clap::Args;

use crate::failure::{Failure, said};
use crate::fields::text;
use crate::pods;
use crate::session::Session;
use crate::streams::Streams;
use gantry_client::paths::Query;

/// Execute a command in a container
#[derive(Args, Debug)]
pub(crate) struct Exec {
    /// The pod, or something that has pods
    pod: String,
    /// Words before the two dashes, which are no longer accepted
    #[arg(hide = true)]
    stray: Vec<String>,
    /// Container name
    #[arg(short, long)]
    container: Option<String>,
    /// Pass stdin to the container
    #[arg(short = 'i', long)]
    stdin: bool,
    /// Stdin is a TTY
    #[arg(short, long)]
    tty: bool,
    /// Only print output from the remote session
    #[arg(short, long)]
    quiet: bool,
    /// Accepted for the sake of scripts
    #[arg(long, hide = true)]
    pod_running_timeout: Option<String>,
    /// The command, after two dashes
    #[arg(last = true)]
    command: Vec<String>,
}

impl Exec {
    pub(crate) async fn run(self, session: &Session) -> Result<(), Failure> {
        if !self.stray.is_empty() {
            return said(
                "exec [POD] [COMMAND] is not supported anymore. Use exec [POD] -- [COMMAND] instead",
            );
        }
        if self.command.is_empty() {
            return said("you must specify at least one command for the container");
        }
        let pods = pods::meant(session, &self.pod).await?;
        let Some(pod) = pods.first() else {
            return said("there is no such pod");
        };
        let phase = text(&pod.object, "status.phase");
        if matches!(phase, "Succeeded" | "Failed") {
            return said(format!(
                "cannot exec into a container in a completed pod; current phase is {phase}"
            ));
        }
        let container = pods::container(session, pod, self.container.as_deref())?;
        let streams = Streams {
            stdin: self.stdin,
            tty: self.tty,
            hint: false,
        };
        let streams = streams.checked(session);
        let mut query = Query::default();
        for word in &self.command {
            query = query.with("command", word);
        }
        let query = query
            .with("container", &container)
            .flag("stdin", streams.stdin)
            .flag("stdout", true)
            .flag("stderr", !streams.tty)
            .flag("tty", streams.tty);
        streams
            .run(session, &query.on(&format!("{}/exec", pod.path())))
            .await
    }
}
