use expect_test::expect;
use gantry_kubelet::sandbox::{ContainerConfig, Mount, MountSource, Propagation};

use super::*;
use crate::spec::ImageConfig;

fn spec(config: ContainerConfig) -> ContainerSpec {
    let image = ImageConfig {
        cmd: vec!["serve".into()],
        ..ImageConfig::default()
    };
    ContainerSpec::new(config, &image, vec!["/a".into(), "/b".into()], "host").unwrap()
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
    expect![[r#""#]].assert_eq(&text(&steps));
}

#[test]
fn a_further_program_is_confined_like_the_first() {
    let config = ContainerConfig {
        no_new_privs: true,
        ..ContainerConfig::default()
    };
    let steps = exec(&spec(config), vec!["sh".into()], true).unwrap().steps;
    expect![[r#""#]].assert_eq(&text(&steps));
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
