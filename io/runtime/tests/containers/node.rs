//! A node to test on: a runtime with its own directory and cgroups, and one image.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use gantry_kubelet::sandbox::{
    ContainerConfig, ContainerId, ContainerState, Exit, PodRef, Sandbox, SandboxConfig, SandboxId,
};
use gantry_runtime::{
    Embedded, EmbeddedConfig, Exec, ImageConfig, ImageError, ImageRootfs, RootfsSource, Runtime,
};
use tempfile::TempDir;
use tokio::io::AsyncReadExt;

pub(crate) const BUSYBOX: &str = "/bin/busybox";

/// Longer than anything here takes, even on a busy machine.
const PATIENCE: Duration = Duration::from_secs(20);

static MADE: AtomicU32 = AtomicU32::new(0);

#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) dir: TempDir,
    pub(crate) runtime: Embedded,
    pub(crate) sandbox: SandboxId,
}

#[derive(Debug)]
struct OneImage(ImageRootfs);

impl RootfsSource for OneImage {
    fn rootfs(&self, image_id: &str) -> Result<ImageRootfs, ImageError> {
        if image_id == "busybox" {
            Ok(self.0.clone())
        } else {
            Err("no such image".into())
        }
    }
}

impl Node {
    /// A node with one sandbox in it.
    pub(crate) async fn new() -> Self {
        let dir = tempfile::Builder::new()
            .prefix("gantry-test-")
            .tempdir()
            .unwrap();
        make_image(&dir.path().join("layer"));
        let runtime = open(dir.path()).await;
        let config = config("web");
        let sandbox = runtime.run_sandbox(config).await.unwrap().id;
        Self {
            dir,
            runtime,
            sandbox,
        }
    }

    /// Another node's runtime, with nothing of its own to remove.
    pub(crate) fn adopted(runtime: Embedded) -> Self {
        let dir = tempfile::tempdir().unwrap();
        Self {
            dir,
            runtime,
            sandbox: SandboxId(String::new()),
        }
    }

    /// Removes all, and finds nothing left.
    pub(crate) async fn end(self) {
        self.runtime.purge(Duration::ZERO).await.unwrap();
        let left = leftovers(self.dir.path());
        assert!(left.is_empty(), "left behind: {left:?}");
    }

    pub(crate) async fn start(&self, config: ContainerConfig) -> ContainerId {
        let id = self
            .runtime
            .create(self.sandbox.clone(), config)
            .await
            .unwrap();
        self.runtime.start(id.clone()).await.unwrap();
        id
    }

    /// Runs a script to its end; returns how it ended and what it wrote.
    pub(crate) async fn finish(&self, config: ContainerConfig) -> (Exit, String) {
        let id = self.start(config).await;
        let exit = self.exit(&id).await;
        (exit, self.output(&id).await)
    }

    pub(crate) async fn exit(&self, id: &ContainerId) -> Exit {
        let begun = Instant::now();
        let changes = self.runtime.events();
        loop {
            match self.state(id).await {
                ContainerState::Exited(exit) => return exit,
                ContainerState::Created | ContainerState::Running { .. } => {}
            }
            let left = PATIENCE.saturating_sub(begun.elapsed());
            tokio::time::timeout(left, changes.next())
                .await
                .expect("it ends some time");
        }
    }

    pub(crate) async fn state(&self, id: &ContainerId) -> ContainerState {
        let sandbox = self.sandbox(&id.sandbox).await;
        sandbox
            .containers
            .into_iter()
            .find(|c| c.id == *id)
            .unwrap()
            .state
    }

    pub(crate) async fn sandbox(&self, id: &SandboxId) -> Sandbox {
        self.runtime.inspect(id.clone()).await.unwrap().unwrap()
    }

    /// What a container wrote, without times and marks.
    pub(crate) async fn output(&self, id: &ContainerId) -> String {
        let path = self.runtime.logs(id.clone()).await.unwrap().remove(0);
        let text = fs::read_to_string(path).unwrap();
        let lines = text
            .lines()
            .map(|line| line.splitn(4, ' ').nth(3).unwrap_or_default());
        lines.map(|line| format!("{line}\n")).collect()
    }

    /// Waits until a container has written a line.
    pub(crate) async fn wrote(&self, id: &ContainerId, line: &str) {
        let begun = Instant::now();
        while !self.output(id).await.lines().any(|l| l.trim_end() == line) {
            assert!(
                begun.elapsed() < PATIENCE,
                "never wrote {line:?}: {}",
                self.output(id).await
            );
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }

    /// Runs a script in a container that runs; returns its exit code and output.
    pub(crate) async fn exec(&self, id: &ContainerId, script: &str) -> (i32, String) {
        let argv = ["sh", "-c", script].map(str::to_owned).to_vec();
        let request = Exec {
            argv,
            ..Exec::default()
        };
        let mut streams = self.runtime.exec(id.clone(), request).await.unwrap();
        let mut output = String::new();
        streams
            .stdout
            .as_mut()
            .unwrap()
            .read_to_string(&mut output)
            .await
            .unwrap();
        streams
            .stderr
            .as_mut()
            .unwrap()
            .read_to_string(&mut output)
            .await
            .unwrap();
        (streams.exit.await.unwrap(), output)
    }

    /// A container that runs a script.
    pub(crate) fn script(&self, name: &str, script: &str) -> ContainerConfig {
        ContainerConfig {
            name: name.into(),
            image: "busybox".into(),
            image_id: "busybox".into(),
            command: ["sh", "-c", script].map(str::to_owned).to_vec(),
            log_path: self.dir.path().join("logs").join(name).join("0.log"),
            termination_message_path: "/dev/termination-log".into(),
            ..ContainerConfig::default()
        }
    }
}

/// The name of the cgroups of the node in a directory.
pub(crate) fn cgroup_root(dir: &Path) -> String {
    dir.file_name().unwrap().to_str().unwrap().to_owned()
}

pub(crate) async fn open(dir: &Path) -> Embedded {
    let config = EmbeddedConfig {
        state_dir: dir.join("state"),
        cgroup_root: cgroup_root(dir),
        shim_program: std::env::current_exe().unwrap(),
        shim_args: vec!["shim".into()],
    };
    let image = ImageRootfs {
        lower_dirs: vec![dir.join("layer")],
        config: ImageConfig {
            cmd: vec!["sh".into()],
            ..ImageConfig::default()
        },
    };
    Embedded::open(config, Arc::new(OneImage(image)))
        .await
        .unwrap()
}

/// A sandbox of which there is no second.
pub(crate) fn config(name: &str) -> SandboxConfig {
    let number = MADE.fetch_add(1, Ordering::Relaxed);
    SandboxConfig {
        pod: PodRef {
            namespace: "default".into(),
            name: name.into(),
            uid: format!("{name}-{number}"),
        },
        hostname: name.into(),
        resolv_conf: "nameserver 10.96.0.10\n".into(),
        hosts: "127.0.0.1 localhost\n".into(),
        host_network: false,
        host_pid: false,
        host_ipc: false,
        share_process_namespace: false,
        sysctls: [("net.ipv4.ip_unprivileged_port_start".into(), "0".into())].into(),
        resources: gantry_kubelet::sandbox::Resources::default(),
        labels: Default::default(),
        annotations: Default::default(),
    }
}

fn make_image(layer: &Path) {
    for name in ["bin", "etc", "tmp", "home", "proc", "sys", "dev"] {
        fs::create_dir_all(layer.join(name)).unwrap();
    }
    fs::copy(BUSYBOX, layer.join("bin/busybox")).unwrap();
    let listed = std::process::Command::new(BUSYBOX)
        .arg("--list")
        .output()
        .unwrap();
    for name in String::from_utf8(listed.stdout)
        .unwrap()
        .lines()
        .filter(|n| *n != "busybox")
    {
        symlink("busybox", layer.join("bin").join(name)).unwrap();
    }
    fs::write(
        layer.join("etc/passwd"),
        "root:x:0:0::/root:/bin/sh\nweb:x:33:44::/home:/bin/sh\n",
    )
    .unwrap();
    fs::write(
        layer.join("etc/group"),
        "root:x:0:\nweb:x:44:\nextra:x:55:web\n",
    )
    .unwrap();
}

/// Processes, mounts and cgroups that belong to a node.
fn leftovers(dir: &Path) -> Vec<String> {
    let mut left = Vec::new();
    let mark = cgroup_root(dir);
    let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap();
    left.extend(
        mounts
            .lines()
            .filter(|line| line.contains(&mark))
            .map(str::to_owned),
    );
    for entry in fs::read_dir("/proc").unwrap().flatten() {
        let cgroup = fs::read_to_string(entry.path().join("cgroup")).unwrap_or_default();
        // The dead are somebody else's to bury.
        let status = fs::read_to_string(entry.path().join("status")).unwrap_or_default();
        if cgroup.contains(&mark) && !status.contains("State:\tZ") {
            left.push(format!("{}: {cgroup}", entry.path().display()));
        }
    }
    for hierarchy in fs::read_dir("/sys/fs/cgroup").unwrap().flatten() {
        let group = hierarchy.path().join(&mark);
        if group.exists() {
            left.push(group.display().to_string());
        }
    }
    left
}
