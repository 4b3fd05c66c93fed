//! What containers cannot do.

use std::fs;
use std::os::unix::fs::symlink;

use gantry_kubelet::sandbox::{Mount, MountSource, Propagation, RunAs, Seccomp};
use gantry_runtime::Runtime;

use crate::node::Node;

pub(crate) async fn the_root_can_be_read_only(node: &Node) {
    let mut config = node.script(
        "main",
        "exec 2>&1; echo x > /file; echo $?; echo x > /dev/shm/file; echo $?",
    );
    config.readonly_rootfs = true;
    let (_, output) = node.finish(config).await;
    assert!(
        output.contains("Read-only file system") && output.contains("1\n0\n"),
        "{output}"
    );
}

pub(crate) async fn capabilities_are_bounded(node: &Node) {
    let script = "grep Cap /proc/self/status; hostname other || echo refused";
    let (_, output) = node.finish(node.script("main", script)).await;
    assert!(output.contains("CapBnd:\t00000000a80425fb"), "{output}");
    assert!(output.contains("refused"), "{output}");
    let mut config = node.script("none", "grep -E 'Cap|NoNew' /proc/self/status");
    config.capabilities.drop.insert("ALL".into());
    config.no_new_privs = true;
    let (_, output) = node.finish(config).await;
    assert!(output.contains("CapBnd:\t0000000000000000"), "{output}");
    assert!(output.contains("NoNewPrivs:\t1"), "{output}");
}

pub(crate) async fn system_calls_are_filtered_for_every_program(node: &Node) {
    let id = node.start(node.script("main", "sleep 1000")).await;
    let script = "grep Seccomp: /proc/self/status; unshare -U true; unshare -m true; echo $?";
    let (_, output) = node.exec(&id, script).await;
    assert!(output.contains("Seccomp:\t2"), "{output}");
    assert!(output.contains("Operation not permitted"), "{output}");
    let mut config = node.script("free", "grep Seccomp: /proc/self/status");
    config.seccomp = Seccomp::Unconfined;
    let (_, output) = node.finish(config).await;
    assert!(output.contains("Seccomp:\t0"), "{output}");
    let profile = node.dir.path().join("profile.json");
    let text = r#"{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [
        {"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO", "errnoRet": 28}]}"#;
    fs::write(&profile, text).unwrap();
    let mut config = node.script("local", "mkdir /x");
    config.seccomp = Seccomp::Localhost(profile);
    let (_, output) = node.finish(config).await;
    assert!(output.contains("No space left on device"), "{output}");
}

pub(crate) async fn device_files_cannot_be_opened(node: &Node) {
    let volume = node.dir.path().join("volume");
    fs::create_dir(&volume).unwrap();
    let script = "for d in /tmp /dev /dev/shm /volume; do \
                  mknod $d/mem c 1 5 && head -c 1 $d/mem; done; \
                  head -c 3 /dev/zero | wc -c; echo gone > /dev/null; echo ok";
    let mut config = node.script("main", script);
    config.mounts = vec![bind(&volume, "/volume")];
    let (_, output) = node.finish(config).await;
    assert_eq!(output.matches("Permission denied").count(), 4, "{output}");
    assert!(output.ends_with("3\nok\n"), "{output}");
}

pub(crate) async fn a_user_of_the_image_runs_it(node: &Node) {
    let mut config = node.script(
        "main",
        "id -u; id -g; id -G; echo $HOME; echo x > /dev/stdout",
    );
    config.run_as = RunAs {
        uid: Some(33),
        gid: None,
        groups: vec![77],
    };
    let (exit, output) = node.finish(config).await;
    assert_eq!(
        (exit.code, output.as_str()),
        (0, "33\n44\n44 55 77\n/home\nx\n")
    );
    let mut config = node.script("root", "id");
    config.run_as_non_root = true;
    let id = node
        .runtime
        .create(node.sandbox.clone(), config)
        .await
        .unwrap();
    let refused = node.runtime.start(id).await.unwrap_err().to_string();
    assert!(refused.contains("runAsNonRoot"), "{refused}");
}

pub(crate) async fn volumes_follow_no_link_out_of_the_root(node: &Node) {
    let (volume, outside) = (
        node.dir.path().join("volume"),
        node.dir.path().join("outside"),
    );
    fs::create_dir(&volume).unwrap();
    fs::create_dir(&outside).unwrap();
    fs::write(volume.join("file"), "inside").unwrap();
    let same_inside = outside.strip_prefix("/").unwrap();
    fs::create_dir_all(node.dir.path().join("layer").join(same_inside)).unwrap();
    symlink(&outside, node.dir.path().join("layer/link")).unwrap();
    let script = "cat /link/deep/file; echo x > /link/deep/new";
    let mut config = node.script("main", script);
    config.mounts = vec![Mount {
        readonly: true,
        ..bind(&volume, "/link/deep")
    }];
    let (_, output) = node.finish(config).await;
    assert!(
        output.contains("inside") && output.contains("Read-only"),
        "{output}"
    );
    assert!(fs::read_dir(&outside).unwrap().next().is_none());
}

pub(crate) async fn memory_is_limited_and_its_end_noticed(node: &Node) {
    let mut config = node.script(
        "main",
        "x=$(head -c 100000000 /dev/zero | tr '\\0' x); echo $?",
    );
    config.resources.memory_bytes = Some(32 << 20);
    config.resources.pids = Some(64);
    config.resources.cpu_shares = Some(512);
    config.resources.cpu_quota_us = Some(50_000);
    let (exit, output) = node.finish(config).await;
    assert!(exit.oom_killed, "{exit:?} {output}");

    let mut config = node.script(
        "small",
        "cat /sys/fs/cgroup/memory*/memory.limit_in_bytes \
        /sys/fs/cgroup/memory.max; exec sleep 1000",
    );
    config.resources.memory_bytes = Some(32 << 20);
    let id = node.start(config).await;
    node.wrote(&id, "33554432").await;
    let usage = node.runtime.usage(id).await.unwrap();
    assert!(
        usage.memory_bytes > 0 && usage.memory_bytes < 32 << 20,
        "{usage:?}"
    );
    assert!(usage.cpu_ns > 0 && usage.pids >= 1, "{usage:?}");
}

pub(crate) async fn a_privileged_container_is_not_confined(node: &Node) {
    let script = "mkdir /m && mount -t tmpfs none /m && echo mounted; \
                  test -w /proc/sys/kernel/hostname && echo writable; ls /dev | wc -l";
    let mut config = node.script("main", script);
    config.privileged = true;
    let (_, output) = node.finish(config).await;
    assert!(output.starts_with("mounted\nwritable\n"), "{output}");
}

fn bind(source: &std::path::Path, destination: &str) -> Mount {
    Mount {
        source: MountSource::Host(source.to_owned()),
        destination: destination.into(),
        readonly: false,
        recursive_readonly: false,
        propagation: Propagation::Private,
    }
}

pub(crate) async fn a_pod_may_use_the_nodes_namespaces(node: &Node) {
    let mut pod = crate::node::config("host");
    pod.host_network = true;
    pod.host_pid = true;
    pod.host_ipc = true;
    pod.sysctls.clear();
    let sandbox = node.runtime.run_sandbox(pod).await.unwrap();
    assert_eq!(sandbox.netns, None);
    let script = "for n in net pid ipc uts; do readlink /proc/self/ns/$n; done; sleep 1000 & wait";
    let id = node
        .runtime
        .create(sandbox.id.clone(), node.script("main", script))
        .await
        .unwrap();
    node.runtime.start(id.clone()).await.unwrap();
    let link = |name| fs::read_link(format!("/proc/self/ns/{name}")).unwrap();
    for name in ["net", "pid", "ipc", "uts"] {
        node.wrote(&id, link(name).to_str().unwrap()).await;
    }
    // Nothing but its cgroup holds together what was started among the node's process ids.
    node.runtime.remove_sandbox(sandbox.id).await.unwrap();

    let mut pod = crate::node::config("daring");
    pod.sysctls = [("kernel.panic".into(), "1".into())].into();
    let refused = node.runtime.run_sandbox(pod).await.unwrap_err().to_string();
    assert!(refused.contains("kernel.panic"), "{refused}");
}

pub(crate) async fn mounts_propagate_as_asked(node: &Node) {
    let volume = node.dir.path().join("volume");
    fs::create_dir(&volume).unwrap();
    let made_shared = rustix::mount::mount_bind(&volume, &volume).and_then(|()| {
        rustix::mount::mount_change(&volume, rustix::mount::MountPropagationFlags::SHARED)
    });
    made_shared.unwrap();
    fs::create_dir(volume.join("sub")).unwrap();
    let mut config = node.script(
        "main",
        "mount -t tmpfs none /both/sub && echo done; sleep 1000",
    );
    config.privileged = true;
    let both = Mount {
        propagation: Propagation::Bidirectional,
        ..bind(&volume, "/both")
    };
    let into = Mount {
        propagation: Propagation::HostToContainer,
        ..bind(&volume, "/into")
    };
    let none = bind(&volume, "/none");
    config.mounts = vec![both, into, none];
    let id = node.start(config).await;
    node.wrote(&id, "done").await;
    let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap();
    let (_, inside) = node.exec(&id, "cat /proc/1/mountinfo").await;
    node.runtime
        .stop(id, std::time::Duration::ZERO)
        .await
        .unwrap();
    let sub = volume.join("sub");
    rustix::mount::unmount(&sub, rustix::mount::UnmountFlags::DETACH).unwrap();
    rustix::mount::unmount(&volume, rustix::mount::UnmountFlags::DETACH).unwrap();
    assert!(mounts.contains(sub.to_str().unwrap()), "{mounts}");
    assert!(inside.contains(" /into/sub "), "{inside}");
    assert!(!inside.contains(" /none/sub "), "{inside}");
}
