use expect_test::expect;
use gantry_kubelet::sandbox::{ContainerConfig, Mount, MountSource, Propagation};

use super::*;
use crate::spec::ImageConfig;

fn spec(config: ContainerConfig) -> ContainerSpec {
    let image = ImageConfig {
        cmd: vec!["serve".into()],
        ..ImageConfig::default()
    };
    ContainerSpec::new(config, &image, vec!["/a".into(), "/b".into()]).unwrap()
}

fn text(steps: &[Step]) -> String {
    steps.iter().map(|step| format!("{step}\n")).collect()
}

fn planned(config: ContainerConfig) -> Vec<Step> {
    container(&spec(config), &PodShape::default())
        .unwrap()
        .steps
}

fn bind(source: &str, destination: &str) -> Mount {
    Mount {
        source: MountSource::Host(source.into()),
        destination: destination.into(),
        readonly: true,
        recursive_readonly: false,
        propagation: Propagation::Private,
    }
}

#[test]
fn an_ordinary_container_is_built_in_this_order() {
    let steps = planned(ContainerConfig {
        readonly_rootfs: true,
        ..ContainerConfig::default()
    });
    expect![[r#"
        begin a session
        join the cgroup
        set oom_score_adj to 0
        set the limit of open files
        begin a cgroup namespace
        open  in the pod
        enter the node's mounts
        open /dev/null on the node
        open /dev/zero on the node
        open /dev/full on the node
        open /dev/random on the node
        open /dev/urandom on the node
        open /dev/tty on the node
        open  on the node
        open  on the node
        open  on the node
        begin mounts of its own
        mount 2 layers
        mount proc at /proc nosuid nodev noexec
        mount sysfs at /sys ro nosuid nodev noexec
        mount the cgroups at /sys/fs/cgroup
        mount tmpfs at /dev nosuid nodev
        bind /dev/null nosuid noexec
        bind /dev/zero nosuid noexec
        bind /dev/full nosuid noexec
        bind /dev/random nosuid noexec
        bind /dev/urandom nosuid noexec
        bind /dev/tty nosuid noexec
        mount devpts at /dev/pts nosuid noexec
        mount mqueue at /dev/mqueue nosuid nodev noexec
        bind /dev/shm nosuid nodev noexec
        link /dev/fd to /proc/self/fd
        link /dev/stdin to /proc/self/fd/0
        link /dev/stdout to /proc/self/fd/1
        link /dev/stderr to /proc/self/fd/2
        link /dev/core to /proc/kcore
        link /dev/ptmx to pts/ptmx
        bind /etc/hosts nodev
        bind /etc/hostname nodev
        bind /etc/resolv.conf nodev
        hide /proc/acpi
        hide /proc/asound
        hide /proc/interrupts
        hide /proc/kcore
        hide /proc/keys
        hide /proc/latency_stats
        hide /proc/sched_debug
        hide /proc/scsi
        hide /proc/timer_list
        hide /proc/timer_stats
        hide /sys/devices/virtual/powercap
        hide /sys/firmware
        make /proc/bus read-only
        make /proc/fs read-only
        make /proc/irq read-only
        make /proc/sys read-only
        make /proc/sysrq-trigger read-only
        enter the root
        go to /
        take the standard streams
        make the root read-only
        bound capabilities
        filter system calls
        become the user
        give up other capabilities
    "#]]
    .assert_eq(&text(&steps));
}

#[test]
fn a_further_program_is_confined_like_the_first() {
    let config = ContainerConfig {
        no_new_privs: true,
        ..ContainerConfig::default()
    };
    let steps = exec(&spec(config), vec!["sh".into()], true).unwrap().steps;
    expect![[r#"
        begin a session
        join the cgroup
        set oom_score_adj to 0
        set the limit of open files
        enter the container's mounts
        go to /
        open a terminal
        bound capabilities
        renounce new privileges
        become the user
        give up other capabilities
        filter system calls
    "#]]
    .assert_eq(&text(&steps));
}

#[test]
fn a_privileged_container_is_not_filtered_and_nothing_is_hidden() {
    let steps = planned(ContainerConfig {
        privileged: true,
        ..ContainerConfig::default()
    });
    assert!(steps.contains(&FileStep::CopyDevices.into()));
    let hides = |step: &Step| {
        matches!(
            step,
            Step::FilterSystemCalls | Step::Files(FileStep::Mask(_) | FileStep::Readonly(_))
        )
    };
    assert!(!steps.iter().any(hides));
}

#[test]
fn every_volume_refuses_device_files() {
    let mounts = vec![bind("/srv", "/data")];
    let steps = planned(ContainerConfig {
        mounts,
        ..ContainerConfig::default()
    });
    let attributes = Attributes {
        readonly: true,
        nodev: true,
        ..Attributes::default()
    };
    let propagation = Propagation::Private;
    let bound = FileStep::Bind {
        at: "/data".into(),
        attributes,
        propagation,
    };
    assert!(steps.contains(&bound.into()), "{}", text(&steps));
}

#[test]
fn a_mount_inside_another_comes_after_it() {
    let mounts = vec![bind("/x", "/etc/app/inner"), bind("/y", "/etc")];
    let steps = planned(ContainerConfig {
        mounts,
        ..ContainerConfig::default()
    });
    let text = text(&steps);
    let at = |line: &str| {
        text.find(line)
            .unwrap_or_else(|| panic!("{line:?} in {text}"))
    };
    assert!(at("bind /etc ro") < at("bind /etc/hosts"));
    assert!(at("bind /etc ro") < at("bind /etc/app/inner"));
}

#[test]
fn a_volume_at_a_file_of_the_pods_replaces_it() {
    let mounts = vec![bind("/own", "/etc/hosts")];
    let steps = planned(ContainerConfig {
        mounts,
        ..ContainerConfig::default()
    });
    let text = text(&steps);
    assert_eq!(text.matches("bind /etc/hosts").count(), 1);
    assert!(text.contains("open /own on the node"));
}
