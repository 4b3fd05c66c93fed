//! `attach`: the streams of a container's own program.

use clap::Args;

use crate::failure::{Failure, said};
use crate::objects::Found;
use crate::pods;
use crate::session::Session;
use crate::streams::Streams;
use gantry_client::paths::Query;

/// Attach to a running container
#[derive(Args, Debug)]
pub(crate) struct Attach {
    /// The pod, or something that has pods
    pod: String,
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
}

impl Attach {
    pub(crate) async fn run(self, session: &Session) -> Result<(), Failure> {
        let pods = pods::meant(session, &self.pod).await?;
        let Some(pod) = pods.first() else {
            return said("there is no such pod");
        };
        let container = pods::container(session, pod, self.container.as_deref())?;
        let streams = Streams {
            stdin: self.stdin,
            tty: self.tty,
            hint: !self.quiet,
        };
        to(session, pod, &container, streams.checked(session)).await
    }
}

/// Connects the streams of a pod's container.
pub(crate) async fn to(
    session: &Session,
    pod: &Found,
    container: &str,
    streams: Streams,
) -> Result<(), Failure> {
    let query = Query::default()
        .with("container", container)
        .flag("stdin", streams.stdin)
        .flag("stdout", true)
        .flag("stderr", !streams.tty)
        .flag("tty", streams.tty);
    streams
        .run(session, &query.on(&format!("{}/attach", pod.path())))
        .await
}
