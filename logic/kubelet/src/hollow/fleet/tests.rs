use super::*;

fn announced() -> Announced {
    Announced {
        max_pods: 110,
        cpus: 16,
        memory_bytes: 64 << 30,
        version: "v1.35.0".to_owned(),
    }
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

#[test]
fn what_is_out_of_bounds_is_refused_by_name() {
    let made = |count, first, prefix| Fleet::new(count, first, prefix, announced()).err();
    assert_eq!(made(0, 0, "h-"), Some(FleetError::Count(0)));
    assert_eq!(made(5001, 0, "h-"), Some(FleetError::Count(5001)));
    assert_eq!(made(2, 16383, "h-"), Some(FleetError::Number(16384)));
    assert_eq!(made(5000, 11384, "h-"), None);
    assert_eq!(
        made(1, u32::MAX, "h-"),
        Some(FleetError::Number(u64::from(u32::MAX)))
    );
    for prefix in ["", "-h", "H", "h_", "h.", "h..h", "ä"] {
        let refused = Some(FleetError::Prefix(prefix.to_owned()));
        assert_eq!(made(1, 0, prefix), refused, "{prefix:?}");
    }
    let too_many = Announced {
        max_pods: 251,
        ..announced()
    };
    let refused = Fleet::new(1, 0, "h-", too_many).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "have 251 pods on a node: it takes between 1 and 250"
    );
}

#[test]
fn no_two_nodes_share_an_address() {
    let fleet = Fleet::new(5000, 11384, "h-", announced()).unwrap();
    let mut ranges: Vec<_> = fleet.members().map(|member| member.range.first()).collect();
    let mut addresses: Vec<_> = fleet.members().map(|member| member.address).collect();
    ranges.dedup();
    addresses.dedup();
    assert_eq!((ranges.len(), addresses.len()), (5000, 5000));
    let last = fleet.members().last().unwrap();
    assert_eq!(last.name, "h-16383");
    assert_eq!(last.range.to_string(), "100.127.255.0/24");
    assert_eq!(last.address.to_string(), "198.18.64.0");
}

#[test]
fn beats_of_a_fleet_are_spread_over_the_period() {
    let fleet = Fleet::new(4, 0, "h-", announced()).unwrap();
    let text: Vec<String> = fleet
        .members()
        .map(|member| {
            let first = member.next_beat(at(0), at(1), PERIOD);
            let second = member.next_beat(at(0), first, PERIOD);
            format!("{first} {second}")
        })
        .collect();
    assert_eq!(
        text,
        [
            "1970-01-01T00:00:10Z 1970-01-01T00:00:20Z",
            "1970-01-01T00:00:12.5Z 1970-01-01T00:00:22.5Z",
            "1970-01-01T00:00:15Z 1970-01-01T00:00:25Z",
            "1970-01-01T00:00:07.5Z 1970-01-01T00:00:17.5Z",
        ]
    );
}

#[test]
fn what_failed_is_tried_again_when_it_is_due() {
    let fleet = Fleet::new(4, 0, "h-", announced()).unwrap();
    let member = fleet.members().last().unwrap();
    let wait = Duration::from_millis(50);
    assert_eq!(member.next_beat(at(0), at(3), wait), after(at(3), wait));
}

#[test]
fn a_node_that_is_made_says_that_it_is_hollow() {
    let fleet = Fleet::new(1, 7, "h-", announced()).unwrap();
    let member = fleet.members().next().unwrap();
    let node = crate::node_status::new_node(&member.facts(at(0)));
    assert!(!Member::is_hollow(&node));
    let Write::Create { object, .. } = Member::marked(Write::create(&node)) else {
        panic!("it is another write");
    };
    assert!(Member::is_hollow(&object.to_typed().unwrap()));
}
