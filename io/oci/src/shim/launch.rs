//! Starting a container: directories, cgroup, streams, fork.

use std::fs::{self, Permissions};
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;

use gantry_kubelet::sandbox::ContainerConfig;
use jiff::Timestamp;
use rustix::process::Pid;

use super::container::{Container, Control, Live, Streams, never_wait};
use super::namespaces::Pod;
use crate::cgroups::CgroupError;
use crate::failure::StartFailure;
use crate::init::{self, Launch, Word};
use crate::logs::Log;
use crate::paths::ContainerPaths;
use crate::plan::{self, PodShape};
use crate::seccomp::Filters;
use crate::{protocol, sys};

/// Starts a container's first process; it is not its program yet.
pub(super) fn launch(pod: &Pod, container: &Container) -> Result<Live, StartFailure> {
    let spec = &container.spec;
    let failed = |what: &'static str| move |e: io::Error| StartFailure::new(what, e);
    prepare(&container.paths).map_err(failed("make the container's directories"))?;
    let log = Log::open(&spec.config.log_path).map_err(failed("open the log"))?;
    let cgroup = pod
        .cgroup
        .child(&spec.config.id(pod.record.config.id()).local());
    cgroup
        .create()
        .and_then(|()| cgroup.limit(&spec.config.resources))
        .map_err(|e: CgroupError| StartFailure::new(&e, &e.source))?;
    let files = pod.paths.files(&pod.record.config, &container.paths);
    let shape = PodShape { files };
    let plan =
        plan::container(spec, &shape).map_err(|e| StartFailure::new("grant capabilities", e))?;
    let (streams, stdio) = streams(&spec.config).map_err(failed("make standard streams"))?;
    let (control, other_end) = control().map_err(failed("make a control socket"))?;
    let birthplace = cgroup.birthplace();
    let launch = Launch {
        plan,
        cgroup: cgroup.clone(),
        is_born_in_cgroup: birthplace.is_some(),
        filters: container.filters.clone(),
        stdio: Some(stdio),
        size: None,
        mounts: pod
            .node_mounts
            .try_clone()
            .map_err(failed("hold the node's mounts"))?,
        control: other_end,
    };
    let pid = pod
        .among(None, || {
            let born_in = birthplace.as_ref().map(AsFd::as_fd);
            sys::fork(pod.container_namespaces(), born_in, || init::main(launch))
        })
        .map_err(failed("fork"))?;
    Ok(live(pid, cgroup, control, streams, log))
}

fn live(
    pid: Pid,
    cgroup: crate::cgroups::Cgroup,
    control: Control,
    streams: Streams,
    log: Log,
) -> Live {
    Live {
        pid,
        cgroup,
        started_at: Timestamp::now(),
        control: Some(control),
        failure: None,
        streams,
        log,
        deadline: None,
        start_waiters: Vec::new(),
        stop_waiters: Vec::new(),
    }
}

/// The filters of a container, for its first program and for those after it.
pub(super) fn filters(config: &ContainerConfig) -> Result<Filters, StartFailure> {
    Filters::of(config)
        .map_err(|e| StartFailure::new("confine the container", gantry_base::chain(&e)))
}

fn prepare(paths: &ContainerPaths) -> io::Result<()> {
    for name in ["upper", "work", "rootfs"] {
        fs::create_dir_all(paths.directory().join(name))?;
    }
    // The overlay shows the mode of its writable layer as that of the root.
    fs::set_permissions(
        paths.directory().join("upper"),
        Permissions::from_mode(0o755),
    )?;
    let message = fs::File::create(paths.termination())?;
    message.set_permissions(Permissions::from_mode(0o666))
}

/// The shim's ends of the streams, and the container's.
fn streams(config: &ContainerConfig) -> io::Result<(Streams, [OwnedFd; 3])> {
    let null = || -> io::Result<OwnedFd> {
        Ok(fs::OpenOptions::new()
            .read(true)
            .write(true)
            .open("/dev/null")?
            .into())
    };
    if config.tty {
        return Ok((Streams::default(), [null()?, null()?, null()?]));
    }
    let (stdout, their_stdout) = io::pipe()?;
    let (stderr, their_stderr) = io::pipe()?;
    let mut streams = Streams {
        stdout: Some(stdout.into()),
        stderr: Some(stderr.into()),
        ..Streams::default()
    };
    let their_stdin = if config.stdin {
        let (theirs, ours) = io::pipe()?;
        streams.stdin = Some(ours.into());
        theirs.into()
    } else {
        null()?
    };
    for ours in [&streams.stdin, &streams.stdout, &streams.stderr]
        .into_iter()
        .flatten()
    {
        never_wait(ours)?;
    }
    Ok((
        streams,
        [their_stdin, their_stdout.into(), their_stderr.into()],
    ))
}

/// The line to a new process, and its end of it.
pub(super) fn control() -> io::Result<(Control, OwnedFd)> {
    let (ours, theirs) = UnixStream::pair()?;
    ours.set_nonblocking(true)?;
    let control = Control {
        fd: ours.into(),
        input: Vec::new(),
        fds: Vec::new(),
    };
    Ok((control, theirs.into()))
}

/// What a new process had to say.
#[derive(Default)]
pub(super) struct Heard {
    /// It will say no more: its program runs, or it has ended.
    pub(super) is_over: bool,
    pub(super) terminal: Option<OwnedFd>,
    pub(super) failure: Option<StartFailure>,
}

impl Control {
    /// Takes in what has been said so far.
    pub(super) fn hear(&mut self) -> Heard {
        let mut heard = Heard::default();
        loop {
            match protocol::receive(self.fd.as_fd(), &mut self.input, &mut self.fds) {
                Ok(true) => {}
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => break,
                Ok(false) | Err(_) => {
                    heard.is_over = true;
                    break;
                }
            }
        }
        while let Ok(Some(word)) = protocol::decode::<Word>(&mut self.input) {
            match word {
                Word::Terminal => heard.terminal = self.fds.pop(),
                Word::Failed(failure) => heard.failure = Some(failure),
                Word::Note(note) => {
                    let told =
                        io::Write::write_all(&mut io::stderr(), format!("{note}\n").as_bytes());
                    gantry_base::ignore(told, "a note that cannot be written down is lost");
                }
            }
        }
        heard
    }
}
