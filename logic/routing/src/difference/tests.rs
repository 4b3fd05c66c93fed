//! What a change of endpoints costs, line by line.

use expect_test::{Expect, expect};

use super::*;

fn endpoint(last: u8) -> Endpoint {
    Endpoint {
        address: Ipv4Addr::new(10, 244, 0, last),
        port: 80,
    }
}

fn frontend(protocol: Protocol) -> Frontend {
    Frontend {
        address: Some(Ipv4Addr::new(10, 96, 0, 1)),
        protocol,
        port: 80,
    }
}

fn rules(protocol: Protocol, endpoints: &[u8], affinity: Option<u32>) -> Ruleset {
    let endpoints = endpoints.iter().copied().map(endpoint).collect();
    let balance = Balance {
        endpoints,
        affinity,
        masquerade: Masquerade::Outsiders,
    };
    let frontends = BTreeMap::from([(frontend(protocol), Treatment::Balance(balance))]);
    Ruleset {
        frontends,
        ..Ruleset::default()
    }
}

fn tcp(endpoints: &[u8]) -> Ruleset {
    rules(Protocol::Tcp, endpoints, None)
}

fn rejecting(protocol: Protocol) -> Ruleset {
    let frontends = BTreeMap::from([(frontend(protocol), Treatment::Reject)]);
    Ruleset {
        frontends,
        ..Ruleset::default()
    }
}

fn check(old: &Ruleset, new: &Ruleset, expected: &Expect) {
    let before = difference(&Installed::default(), old).after;
    expected.assert_eq(&difference(&before, new).changes.to_string());
}

#[test]
fn the_same_rules_again_are_no_change() {
    let before = difference(&Installed::default(), &tcp(&[1, 2])).after;
    let step = difference(&before, &tcp(&[2, 1]));
    assert!(step.changes.is_empty());
    assert_eq!(step.after, before);
}

#[test]
fn from_nothing_everything_is_added() {
    check(
        &Ruleset::default(),
        &tcp(&[1, 2]),
        &expect![[r"
            + 10.96.0.1:80/tcp address-outsiders-of-2
            + 10.96.0.1:80/tcp #0 10.244.0.1:80
            + 10.96.0.1:80/tcp #1 10.244.0.2:80
            + rules for address-outsiders-of-2
        "]],
    );
}

#[test]
fn an_endpoint_that_is_replaced_costs_one_slot() {
    check(
        &tcp(&[1, 2, 3]),
        &tcp(&[1, 3, 9]),
        &expect![[r"
            - 10.96.0.1:80/tcp #1 10.244.0.2:80
            + 10.96.0.1:80/tcp #1 10.244.0.9:80
        "]],
    );
}

#[test]
fn the_last_one_moves_into_a_gap() {
    check(
        &tcp(&[1, 2, 3]),
        &tcp(&[2, 3]),
        &expect![[r"
            - 10.96.0.1:80/tcp address-outsiders-of-3
            + 10.96.0.1:80/tcp address-outsiders-of-2
            - 10.96.0.1:80/tcp #0 10.244.0.1:80
            - 10.96.0.1:80/tcp #2 10.244.0.3:80
            + 10.96.0.1:80/tcp #0 10.244.0.3:80
            - rules for address-outsiders-of-3
            + rules for address-outsiders-of-2
        "]],
    );
}

#[test]
fn losing_all_endpoints_turns_balancing_into_refusal() {
    check(
        &tcp(&[1]),
        &rejecting(Protocol::Tcp),
        &expect![[r"
            - 10.96.0.1:80/tcp address-outsiders-of-1
            + 10.96.0.1:80/tcp reject
            - 10.96.0.1:80/tcp #0 10.244.0.1:80
            - rules for address-outsiders-of-1
        "]],
    );
}

#[test]
fn affinity_adds_the_endpoints_that_a_client_may_return_to() {
    check(
        &tcp(&[1]),
        &rules(Protocol::Tcp, &[1], Some(60)),
        &expect![[r"
            - 10.96.0.1:80/tcp address-outsiders-of-1
            + 10.96.0.1:80/tcp address-outsiders-of-1-sticky-60
            + keep 10.96.0.1:80/tcp 10.244.0.1:80
            + seat 10.96.0.1:80/tcp #0
            - rules for address-outsiders-of-1
            + rules for address-outsiders-of-1-sticky-60
        "]],
    );
}

#[test]
fn udp_flows_are_stale_when_an_endpoint_goes_or_the_first_one_comes() {
    let stale = |old: &Ruleset, new: &Ruleset| {
        let before = difference(&Installed::default(), old).after;
        difference(&before, new).changes.stale.len()
    };
    let udp = |endpoints: &[u8]| rules(Protocol::Udp, endpoints, None);
    assert_eq!(stale(&udp(&[1, 2]), &udp(&[1])), 1, "one went");
    assert_eq!(stale(&udp(&[1]), &udp(&[1, 2])), 0, "only one more");
    assert_eq!(
        stale(&rejecting(Protocol::Udp), &udp(&[1])),
        1,
        "the first one"
    );
    assert_eq!(
        stale(&udp(&[1]), &Ruleset::default()),
        1,
        "the service went"
    );
    assert_eq!(
        stale(&tcp(&[1, 2]), &tcp(&[1])),
        0,
        "TCP flows end by themselves"
    );
}

#[test]
fn slots_never_have_gaps_and_never_hold_an_endpoint_twice() {
    let sets: [&[u8]; 7] = [
        &[1],
        &[1, 2, 3, 4],
        &[4],
        &[2, 4, 6],
        &[6, 1],
        &[1, 2, 3, 6],
        &[3],
    ];
    let mut installed = Installed::default();
    for set in sets {
        installed = difference(&installed, &tcp(set)).after;
        let slots = &installed.frontends[&frontend(Protocol::Tcp)].slots;
        let wanted: BTreeSet<_> = set.iter().copied().map(endpoint).collect();
        assert_eq!(slots.len(), wanted.len());
        assert_eq!(slots.iter().copied().collect::<BTreeSet<_>>(), wanted);
    }
}

#[test]
fn two_endpoints_with_one_number_are_kept_as_one() {
    let mut twins = rules(Protocol::Tcp, &[1], Some(60));
    let first = Endpoint {
        address: Ipv4Addr::new(10, 1, 0, 1),
        port: 1,
    };
    let second = Endpoint {
        address: Ipv4Addr::new(10, 2, 0, 1),
        port: 2,
    };
    assert_eq!(id(first), id(second));
    if let Some(Treatment::Balance(balance)) = twins.frontends.get_mut(&frontend(Protocol::Tcp)) {
        balance.endpoints = BTreeSet::from([first, second]);
    }
    let changes = difference(&Installed::default(), &twins).changes;
    let kept: Vec<_> = changes
        .kept
        .added
        .iter()
        .map(|kept| kept.endpoint)
        .collect();
    assert_eq!(kept, [first]);
    assert_eq!(changes.slots.added.len(), 2);
}
