//! What the API server asks of this node: logs, programs in containers, connections into pods.

use std::path::PathBuf;

use gantry_http::nodes::{
    AttachRequest, Duplex, ExecRequest, LogOptions, LogStream, NodeError, Nodes, PodRef, Reply,
    Session, TerminalSize,
};
use gantry_kubelet::sandbox::{ContainerId, SandboxId};
use gantry_runtime::{Attach, Exec, RuntimeError, Streams};

use crate::agent::Agent;
use crate::logs;

/// This node, as the API server sees it.
#[derive(Debug)]
pub(crate) struct NodeStreams(pub(crate) Agent);

impl Nodes for NodeStreams {
    fn logs(&self, pod: PodRef, options: LogOptions) -> Reply<'_, LogStream> {
        Box::pin(async move { self.open_log(&pod, &options) })
    }

    fn exec(&self, pod: PodRef, request: ExecRequest) -> Reply<'_, Session> {
        Box::pin(async move {
            let id = self.running(&pod, &request.container)?;
            let exec = Exec {
                argv: request.argv,
                tty: request.tty,
                stdin: request.stdin,
                size: None,
            };
            let streams = self
                .0
                .runtime
                .exec(id, exec)
                .await
                .map_err(|error| told(&error))?;
            Ok(session(streams, request.stdout, request.stderr))
        })
    }

    fn attach(&self, pod: PodRef, request: AttachRequest) -> Reply<'_, Session> {
        Box::pin(async move {
            let id = self.running(&pod, &request.container)?;
            let attach = Attach {
                stdin: request.stdin,
                size: None,
            };
            let streams = self
                .0
                .runtime
                .attach(id, attach)
                .await
                .map_err(|error| told(&error))?;
            Ok(session(streams, request.stdout, request.stderr))
        })
    }

    fn port_forward(&self, pod: PodRef, port: u16) -> Reply<'_, Box<dyn Duplex>> {
        Box::pin(async move {
            let id = SandboxId(pod.uid);
            let stream = self.0.runtime.port_forward(id, port).await;
            let stream = stream.map_err(|error| told(&error))?;
            Ok(Box::new(stream) as Box<dyn Duplex>)
        })
    }
}

impl NodeStreams {
    fn open_log(&self, pod: &PodRef, options: &LogOptions) -> Result<LogStream, NodeError> {
        let agent = &self.0;
        let dir = agent
            .volumes
            .pod(&pod.uid)
            .join("logs")
            .join(&options.container);
        let path = run_of(&dir, options.previous).ok_or_else(|| no_log(pod, options))?;
        let (watched, id) = (agent.clone(), self.latest(pod, &options.container));
        let is_over = move || !id.as_ref().is_some_and(|id| is_running(&watched, id));
        let until = (Box::new(is_over) as logs::IsOver, agent.seen.subscribe());
        let (stream, task) = logs::stream(path, (options, agent.clock.now()), until);
        agent.spawn(task);
        Ok(stream)
    }

    fn latest(&self, pod: &PodRef, container: &str) -> Option<ContainerId> {
        let state = self.0.state.lock();
        let latest = state.latest(&pod.uid, container)?;
        Some(latest.id.clone())
    }

    fn running(&self, pod: &PodRef, container: &str) -> Result<ContainerId, NodeError> {
        let latest = self.latest(pod, container);
        let running = latest.filter(|id| is_running(&self.0, id));
        running.ok_or_else(|| NodeError::Refused {
            message: format!(
                "container {container:?} in pod {:?} is not running",
                pod.name
            ),
        })
    }
}

fn is_running(agent: &Agent, id: &ContainerId) -> bool {
    agent.state.lock().is_running(id)
}

/// The log of a container's newest run, or of the one before.
fn run_of(dir: &std::path::Path, previous: bool) -> Option<PathBuf> {
    let entries = std::fs::read_dir(dir).ok()?;
    let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let mut runs: Vec<u32> = names
        .filter_map(|name| name.strip_suffix(".log")?.parse().ok())
        .collect();
    runs.sort_unstable();
    if previous {
        runs.pop();
    }
    Some(dir.join(format!("{}.log", runs.last()?)))
}

fn no_log(pod: &PodRef, options: &LogOptions) -> NodeError {
    let (container, name) = (&options.container, &pod.name);
    let message = if options.previous {
        format!("previous terminated container {container:?} in pod {name:?} not found")
    } else {
        format!("container {container:?} in pod {name:?} is waiting to start: ContainerCreating")
    };
    NodeError::Refused { message }
}

fn session(streams: Streams, stdout: bool, stderr: bool) -> Session {
    let resize = streams.resize.map(|sizes| {
        let resize = move |size: TerminalSize| {
            let size = gantry_runtime::TerminalSize {
                columns: size.width,
                rows: size.height,
            };
            gantry_base::ignore(
                sizes.try_send(size),
                "another size follows, or the program has ended",
            );
        };
        Box::new(resize) as Box<dyn Fn(TerminalSize) + Send + Sync>
    });
    let exit = streams.exit;
    Session {
        stdin: streams.stdin,
        stdout: streams.stdout.filter(|_| stdout),
        stderr: streams.stderr.filter(|_| stderr),
        resize,
        exit: Box::pin(async move { exit.await.map_err(|error| told(&error)) }),
    }
}

fn told(error: &RuntimeError) -> NodeError {
    let message = gantry_base::chain(error);
    match error {
        RuntimeError::NoSuchSandbox(_)
        | RuntimeError::NoSuchContainer(_)
        | RuntimeError::NotRunning(_)
        | RuntimeError::Start(_) => NodeError::Refused { message },
        RuntimeError::Starting(_)
        | RuntimeError::Image { .. }
        | RuntimeError::Spec { .. }
        | RuntimeError::Record(_)
        | RuntimeError::Orphan(_)
        | RuntimeError::SetUp { .. }
        | RuntimeError::Refused(_)
        | RuntimeError::ShimGone(_)
        | RuntimeError::Io { .. } => NodeError::Failed { message },
    }
}
