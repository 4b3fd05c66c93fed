use crate::sandbox::PodRef;

use super::*;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn sandbox_config() -> SandboxConfig {
    SandboxConfig {
        pod: PodRef {
            namespace: "n".to_owned(),
            name: "p".to_owned(),
            uid: "u".to_owned(),
        },
        hostname: String::new(),
        resolv_conf: String::new(),
        hosts: String::new(),
        host_network: false,
        host_pid: false,
        host_ipc: false,
        share_process_namespace: false,
        sysctls: BTreeMap::new(),
        resources: crate::sandbox::Resources::default(),
        labels: BTreeMap::new(),
        annotations: BTreeMap::new(),
    }
}

fn config(name: &str) -> ContainerConfig {
    ContainerConfig {
        name: name.to_owned(),
        ..ContainerConfig::default()
    }
}

/// A sandbox with a container that was made.
fn made() -> (Hollow, ContainerId) {
    let mut hollow = Hollow::default();
    let sandbox = hollow.run_sandbox(sandbox_config(), at(1));
    let id = hollow.create(&sandbox.id, config("c"), at(2)).unwrap();
    (hollow, id)
}

fn state(hollow: &Hollow, id: &ContainerId) -> ContainerState {
    let sandbox = hollow.inspect(&id.sandbox).unwrap();
    sandbox.latest(&id.name).unwrap().state.clone()
}

#[test]
fn every_call_may_be_repeated() {
    let (mut hollow, id) = made();
    assert_eq!(
        hollow.run_sandbox(sandbox_config(), at(9)).created_at,
        at(1)
    );
    assert_eq!(
        hollow.create(&id.sandbox, config("c"), at(9)),
        Ok(id.clone())
    );
    hollow.start(&id, at(3)).unwrap();
    hollow.start(&id, at(9)).unwrap();
    let started_at = at(3);
    assert_eq!(
        state(&hollow, &id),
        ContainerState::Running { started_at, pid: 1 }
    );
    let first = hollow.stop(&id, TERMINATED, at(4)).unwrap();
    assert_eq!(hollow.stop(&id, KILLED, at(9)).unwrap(), first);
    assert!(!hollow.exit(&id, 0, at(9)));
    for _ in 0..2 {
        hollow.remove(&id);
        hollow.stop_sandbox(&id.sandbox, at(5));
    }
    for _ in 0..2 {
        hollow.remove_sandbox(&id.sandbox);
        hollow.stop_sandbox(&id.sandbox, at(6));
    }
    assert!(hollow.list().is_empty());
}

#[test]
fn what_has_ended_is_not_run_again() {
    let (mut hollow, id) = made();
    hollow.start(&id, at(3)).unwrap();
    assert!(hollow.exit(&id, 1, at(4)));
    assert_eq!(
        hollow.start(&id, at(5)),
        Err(HollowError::NotRunning(id.clone()))
    );
    let other = ContainerConfig {
        image: "other".to_owned(),
        ..config("c")
    };
    assert_eq!(
        hollow.create(&id.sandbox, other, at(5)),
        Err(HollowError::Taken(id))
    );
}

#[test]
fn a_stopped_sandbox_keeps_its_records_and_is_replaced_by_a_new_one() {
    let (mut hollow, id) = made();
    hollow.start(&id, at(3)).unwrap();
    hollow.stop_sandbox(&id.sandbox, at(4));
    let ContainerState::Exited(exit) = state(&hollow, &id) else {
        panic!("it runs");
    };
    assert_eq!(
        (exit.code, exit.signal, exit.started_at),
        (KILLED, Some(9), Some(at(3)))
    );
    let stopped = HollowError::Stopped(id.sandbox.clone());
    assert_eq!(hollow.create(&id.sandbox, config("d"), at(5)), Err(stopped));
    let again = hollow.run_sandbox(sandbox_config(), at(6));
    assert_eq!((again.created_at, again.containers.len()), (at(6), 0));
}

#[test]
fn a_container_that_was_stopped_before_it_ran_never_ran() {
    let (mut hollow, id) = made();
    let exit = hollow.stop(&id, TERMINATED, at(3)).unwrap();
    assert_eq!((exit.code, exit.started_at), (KILLED, None));
}

#[test]
fn those_whose_watcher_is_gone_say_so() {
    let (mut hollow, id) = made();
    hollow.start(&id, at(3)).unwrap();
    hollow.lose(&id.sandbox, at(4));
    let ContainerState::Exited(exit) = state(&hollow, &id) else {
        panic!("it runs");
    };
    assert_eq!(exit.reason, Some(ExitReason::ShimGone));
    assert_eq!(hollow.list()[0].state, SandboxState::NotReady);
}
