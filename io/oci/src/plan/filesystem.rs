//! The part of a plan that builds what a container sees as its file system.

use std::path::PathBuf;

use gantry_kubelet::sandbox::{ContainerConfig, Mount, MountSource, Propagation};

use super::{Attributes, FileStep, PodShape, Step};
use crate::spec::ContainerSpec;

/// Files and directories that a pod provides to its containers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PodFiles {
    /// Becomes `/etc/hosts`.
    pub hosts: PathBuf,
    /// Becomes `/etc/hostname`.
    pub hostname: PathBuf,
    /// Becomes `/etc/resolv.conf`.
    pub resolv_conf: PathBuf,
    /// Becomes `/dev/shm`, shared by the pod's containers.
    pub shm: PathBuf,
    /// Becomes the container's termination message.
    pub termination: PathBuf,
    /// Holds the container's writable layer.
    pub scratch: PathBuf,
}

/// The device files that every program may expect.
const DEVICES: [&str; 6] = [
    "/dev/null",
    "/dev/zero",
    "/dev/full",
    "/dev/random",
    "/dev/urandom",
    "/dev/tty",
];

const DEVICE_LINKS: [(&str, &str); 6] = [
    ("/dev/fd", "/proc/self/fd"),
    ("/dev/stdin", "/proc/self/fd/0"),
    ("/dev/stdout", "/proc/self/fd/1"),
    ("/dev/stderr", "/proc/self/fd/2"),
    ("/dev/core", "/proc/kcore"),
    ("/dev/ptmx", "pts/ptmx"),
];

/// Parts of the kernel's file systems that tell or take more than a container should.
const MASKED: [&str; 12] = [
    "/proc/acpi",
    "/proc/asound",
    "/proc/interrupts",
    "/proc/kcore",
    "/proc/keys",
    "/proc/latency_stats",
    "/proc/sched_debug",
    "/proc/scsi",
    "/proc/timer_list",
    "/proc/timer_stats",
    "/sys/devices/virtual/powercap",
    "/sys/firmware",
];

const READONLY: [&str; 5] = [
    "/proc/bus",
    "/proc/fs",
    "/proc/irq",
    "/proc/sys",
    "/proc/sysrq-trigger",
];

/// Appends the steps that lead from the node's file system to the container's.
pub(super) fn build(spec: &ContainerSpec, pod: &PodShape, steps: &mut Vec<Step>) {
    let config = &spec.config;
    let mounts = mounts(config, pod);
    let shm = FileStep::OpenInPod {
        source: pod.files.shm.clone(),
        at: "/dev/shm".into(),
    };
    steps.extend([shm.into(), Step::NodeMounts]);
    steps.extend(opened(config, &mounts).into_iter().map(Step::from));
    steps.push(Step::OwnMounts);
    let mut files = Vec::new();
    let scratch = pod.files.scratch.clone();
    files.push(FileStep::Overlay {
        layers: spec.layers.clone(),
        scratch,
    });
    kernel_filesystems(config, &mut files);
    devices(config, &mut files);
    files.extend(mounts.iter().map(mount));
    if !config.privileged && !config.unmasked_proc {
        files.extend(MASKED.map(FileStep::Mask));
        files.extend(READONLY.map(FileStep::Readonly));
    }
    files.push(FileStep::EnterRoot);
    steps.extend(files.into_iter().map(Step::from));
    steps.push(Step::WorkingDirectory(spec.working_dir.clone()));
}

/// What must be held while the node's file system can still be seen.
fn opened(config: &ContainerConfig, mounts: &[Mount]) -> Vec<FileStep> {
    let mut steps = Vec::new();
    if !config.privileged {
        let device = |at: &str| FileStep::OpenOnNode {
            source: at.into(),
            at: at.into(),
        };
        steps.extend(DEVICES.map(device));
    }
    steps.extend(mounts.iter().filter_map(|mount| match &mount.source {
        MountSource::Host(source) => Some(FileStep::OpenOnNode {
            source: source.clone(),
            at: mount.destination.clone(),
        }),
        MountSource::Tmpfs(_) => None,
    }));
    steps
}

/// The mounts asked for, after those of the pod that nothing asked for replaces.
fn mounts(config: &ContainerConfig, pod: &PodShape) -> Vec<Mount> {
    let files = &pod.files;
    let own = [
        (&files.hosts, "/etc/hosts"),
        (&files.hostname, "/etc/hostname"),
        (&files.resolv_conf, "/etc/resolv.conf"),
        (&files.termination, config.termination_message_path.as_str()),
    ];
    let provided = own.into_iter().filter(|(_, at)| {
        !at.is_empty() && config.mounts.iter().all(|asked| asked.destination != *at)
    });
    let provided = provided.map(|(source, at)| Mount {
        source: MountSource::Host(source.clone()),
        destination: at.to_owned(),
        readonly: false,
        recursive_readonly: false,
        propagation: Propagation::Private,
    });
    // A volume may hold the place of a file of the pod's, so volumes are mounted first; and a
    // mount inside another one comes after it, in whatever order they were listed.
    let mut all: Vec<Mount> = config.mounts.iter().cloned().chain(provided).collect();
    all.sort_by_key(|mount| {
        mount
            .destination
            .split('/')
            .filter(|part| !part.is_empty())
            .count()
    });
    all
}

fn mount(mount: &Mount) -> FileStep {
    let attributes = Attributes {
        readonly: mount.readonly,
        recursive_readonly: mount.recursive_readonly,
        nosuid: false,
        nodev: true,
        noexec: false,
    };
    let at = mount.destination.clone();
    match &mount.source {
        MountSource::Host(_) => FileStep::Bind {
            at,
            attributes,
            propagation: mount.propagation,
        },
        MountSource::Tmpfs(size) => {
            let mut options = vec![("mode", "1777".to_owned())];
            options.extend(size.map(|bytes| ("size", bytes.to_string())));
            FileStep::Filesystem {
                kind: "tmpfs",
                at,
                options,
                attributes,
            }
        }
    }
}

fn kernel_filesystems(config: &ContainerConfig, steps: &mut Vec<FileStep>) {
    let sys = if config.privileged {
        Attributes::KERNEL
    } else {
        Attributes::KERNEL_READONLY
    };
    steps.push(filesystem("proc", "/proc", &[], Attributes::KERNEL));
    steps.push(filesystem("sysfs", "/sys", &[], sys));
    steps.push(FileStep::Cgroups);
}

fn devices(config: &ContainerConfig, steps: &mut Vec<FileStep>) {
    if config.privileged {
        let free = Attributes {
            nosuid: true,
            ..Attributes::default()
        };
        steps.push(filesystem("tmpfs", "/dev", &[("mode", "755")], free));
        steps.push(FileStep::CopyDevices);
    } else {
        let attributes = Attributes {
            nosuid: true,
            nodev: true,
            ..Attributes::default()
        };
        steps.push(filesystem(
            "tmpfs",
            "/dev",
            &[("mode", "755"), ("size", "64k")],
            attributes,
        ));
        steps.extend(DEVICES.map(|at| FileStep::Bind {
            at: at.into(),
            attributes: Attributes {
                nosuid: true,
                noexec: true,
                ..Attributes::default()
            },
            propagation: Propagation::Private,
        }));
    }
    let terminals = Attributes {
        nosuid: true,
        noexec: true,
        ..Attributes::default()
    };
    let options = [
        ("newinstance", ""),
        ("ptmxmode", "0666"),
        ("mode", "0620"),
        ("gid", "5"),
    ];
    steps.push(filesystem("devpts", "/dev/pts", &options, terminals));
    steps.push(filesystem("mqueue", "/dev/mqueue", &[], Attributes::KERNEL));
    steps.push(FileStep::Bind {
        at: "/dev/shm".into(),
        attributes: Attributes::KERNEL,
        propagation: Propagation::Private,
    });
    steps.extend(DEVICE_LINKS.map(|(at, to)| FileStep::Symlink { at, to }));
}

fn filesystem(
    kind: &'static str,
    at: &str,
    options: &[(&'static str, &str)],
    attributes: Attributes,
) -> FileStep {
    let options = options
        .iter()
        .map(|(key, value)| (*key, (*value).to_owned()))
        .collect();
    FileStep::Filesystem {
        kind,
        at: at.to_owned(),
        options,
        attributes,
    }
}
