use expect_test::{Expect, expect};

use super::*;
use crate::node_status::Machine;

fn facts(second: i64) -> Facts {
    Facts {
        now: Timestamp::from_second(second).unwrap(),
        name: "n1".to_owned(),
        addresses: vec!["192.0.2.1".to_owned()],
        machine: Machine::default(),
        version: "v1.35.0".to_owned(),
        runtime: "hollow://1".to_owned(),
        port: 10250,
        max_pods: 110,
        reserved: crate::node_status::Reserved::default(),
        pod_range: "10.244.0.0/24".to_owned(),
        images: Vec::new(),
        pressure: crate::node_status::Pressure::default(),
        unready: None,
    }
}

/// The two objects as an API would keep them.
#[derive(Default)]
struct Kept {
    node: Option<Node>,
    lease: Option<Lease>,
}

impl Kept {
    fn take(&mut self, write: &Write) -> String {
        let (Write::Create { key, object } | Write::Update { key, object, .. }) = write else {
            panic!("{write:?}");
        };
        let json = serde_json::to_vec(object).unwrap();
        if key.resource.to_string() == "nodes" {
            self.node = Some(serde_json::from_slice(&json).unwrap());
        } else {
            self.lease = Some(serde_json::from_slice(&json).unwrap());
        }
        let verb = if matches!(write, Write::Create { .. }) {
            "create"
        } else {
            "update"
        };
        let is_status = matches!(
            write,
            Write::Update {
                subresource: Some(_),
                ..
            }
        );
        let part = if is_status { " status" } else { "" };
        format!("{verb} {}{part}", key.resource)
    }

    fn beat(&mut self, registration: &mut Registration, second: i64) -> String {
        let beat = registration.beat(&facts(second), self.node.clone(), self.lease.clone());
        let writes: Vec<_> = beat
            .plan
            .actions
            .iter()
            .map(|write| self.take(write))
            .collect();
        let wait = registration.ended(&beat, true);
        format!("at {second}: {}; again after {wait:?}\n", writes.join(", "))
    }
}

fn check(text: &str, expected: &Expect) {
    expected.assert_eq(text);
}

#[test]
fn a_node_registers_reports_and_then_only_says_that_it_lives() {
    let (mut kept, mut registration) = (Kept::default(), Registration::default());
    let seconds = [0, 0, 10, 20, 300, 310];
    let text: String = seconds
        .into_iter()
        .map(|second| kept.beat(&mut registration, second))
        .collect();
    check(
        &text,
        &expect![[r#"
        at 0: create nodes; again after 0ns
        at 0: update nodes status, create leases.coordination.k8s.io; again after 10s
        at 10: update leases.coordination.k8s.io; again after 10s
        at 20: update leases.coordination.k8s.io; again after 10s
        at 300: update nodes status, update leases.coordination.k8s.io; again after 10s
        at 310: update leases.coordination.k8s.io; again after 10s
    "#]],
    );
}

#[test]
fn a_node_that_others_keep_changing_does_not_run_hot() {
    let (mut kept, mut registration) = (Kept::default(), Registration::default());
    let mut text = String::new();
    for second in 0..4 {
        text += &kept.beat(&mut registration, second);
        kept.node.as_mut().unwrap().metadata.labels = None;
    }
    check(
        &text,
        &expect![[r#"
        at 0: create nodes; again after 0ns
        at 1: update nodes, create leases.coordination.k8s.io; again after 50ms
        at 2: update nodes, update leases.coordination.k8s.io; again after 100ms
        at 3: update nodes, update leases.coordination.k8s.io; again after 200ms
    "#]],
    );
}

#[test]
fn what_fails_is_tried_again_soon_and_then_less_often() {
    let (mut kept, mut registration) = (Kept::default(), Registration::default());
    kept.beat(&mut registration, 0);
    let beat = registration.beat(&facts(1), kept.node.clone(), None);
    assert_eq!(registration.ended(&beat, false), Duration::from_millis(50));
    assert_eq!(registration.unread(), Duration::from_millis(100));
    let again = kept.beat(&mut registration, 2);
    assert!(
        again.contains("update nodes status"),
        "it was not reported yet: {again}"
    );
}
