use std::collections::{BTreeMap, BTreeSet};

use gantry_api::{Caller, Encoded, Object};
use gantry_base::Timestamp;
use gantry_base::entropy::{Entropy, Seeded};
use gantry_store::{HistoryLimits, Index, Key, Snapshot, Txn};
use serde_json::{Value, json};

use super::*;
use crate::attributes::{Attributes, ResourceTarget, Target};

fn at(ms: i64) -> Timestamp {
    Timestamp::from_millisecond(ms).unwrap()
}

fn snapshot(objects: &[(&str, Value)]) -> Snapshot {
    let mut index = Index::new(HistoryLimits::default());
    for (path, object) in objects {
        let object = Object::from_value(object.clone()).unwrap();
        let encoded = Encoded::new(&object, BTreeMap::new());
        let txn = Txn::new().put(Key::new(*path), encoded.into());
        index.apply(&txn, at(0)).unwrap();
    }
    index.snapshot()
}

/// A level with a part, what others may use of it, what it may borrow, and queues.
fn level(name: &str, spec: Option<Value>) -> (String, Value) {
    let path = format!("prioritylevelconfigurations.flowcontrol.apiserver.k8s.io//{name}");
    let spec = match spec {
        None => json!({"type": "Exempt", "exempt": {}}),
        Some(limited) => json!({"type": "Limited", "limited": limited}),
    };
    (
        path,
        json!({"metadata": {"name": name, "uid": format!("uid-{name}")}, "spec": spec}),
    )
}

fn limited(shares: u32, lendable: u32, borrowing: Option<u32>, queues: [u32; 3]) -> Option<Value> {
    let response = match queues {
        [0, ..] => json!({"type": "Reject"}),
        [queues, hand, length] => json!({"type": "Queue", "queuing": {
            "queues": queues, "handSize": hand, "queueLengthLimit": length,
        }}),
    };
    Some(json!({
        "nominalConcurrencyShares": shares, "lendablePercent": lendable,
        "borrowingLimitPercent": borrowing, "limitResponse": response,
    }))
}

fn schema(
    name: &str,
    level: &str,
    precedence: i32,
    group: &str,
    resources: &[&str],
) -> (String, Value) {
    let path = format!("flowschemas.flowcontrol.apiserver.k8s.io//{name}");
    let object = json!({"metadata": {"name": name, "uid": format!("uid-{name}")}, "spec": {
        "matchingPrecedence": precedence,
        "priorityLevelConfiguration": {"name": level},
        "distinguisherMethod": {"type": "ByUser"},
        "rules": [{
            "subjects": [{"kind": "Group", "group": {"name": group}}],
            "resourceRules": [{"verbs": ["*"], "apiGroups": ["*"], "resources": resources,
                "namespaces": ["*"], "clusterScope": true}],
            "nonResourceRules": [{"verbs": ["get"], "nonResourceURLs": ["/healthz", "/logs/*"]}],
        }],
    }});
    (path, object)
}

fn flows(objects: Vec<(String, Value)>) -> Flows {
    let objects: Vec<(&str, Value)> = objects
        .iter()
        .map(|(path, object)| (path.as_str(), object.clone()))
        .collect();
    Flows::compile(&snapshot(&objects))
}

fn dispatcher(total: u32, levels: Vec<(String, Value)>) -> Dispatcher {
    let mut dispatcher = Dispatcher::new(total);
    dispatcher.configure(&flows(levels));
    dispatcher
}

fn arrive(dispatcher: &mut Dispatcher, level: &str, flow: u64, seats: u32, now: i64) -> Arrived {
    dispatcher.arrive(&Arrival { level, flow, seats }, at(now))
}

fn figures(dispatcher: &Dispatcher, name: &str) -> Figures {
    let mut all = dispatcher.figures();
    all.find(|(level, _)| *level == name).unwrap().1
}

fn runs(arrived: Arrived) -> Ticket {
    match arrived {
        Arrived::Runs(ticket) => ticket,
        other @ (Arrived::Waits(_) | Arrived::Refused(_)) => panic!("it runs: {other:?}"),
    }
}

fn waits(arrived: Arrived) -> Id {
    match arrived {
        Arrived::Waits(id) => id,
        other @ (Arrived::Runs(_) | Arrived::Refused(_)) => panic!("it waits: {other:?}"),
    }
}

#[test]
fn the_first_schema_that_matches_counts() {
    let flows = flows(vec![
        level("open", None),
        level("low", limited(10, 0, None, [4, 2, 5])),
        schema("masters", "open", 1, "system:masters", &["*"]),
        schema(
            "pods",
            "low",
            50,
            "system:authenticated",
            &["pods", "pods/status"],
        ),
        schema("lost", "nowhere", 2, "system:authenticated", &["*"]),
        schema("rest", "low", 1000, "system:authenticated", &["*"]),
    ]);
    let class = |caller: &Caller, target| {
        let verb = "get";
        let attributes = Attributes {
            caller,
            verb,
            target,
        };
        let class = flows.classify(&attributes);
        class.map(|class| format!("{} {}", class.schema.name, class.is_exempt))
    };
    let resource = |resource, subresource| {
        Target::Resource(ResourceTarget {
            resource,
            subresource,
            ..ResourceTarget::default()
        })
    };
    let (admin, user) = (
        Caller::authenticated("a", &["system:masters"]),
        Caller::authenticated("u", &[]),
    );
    let said = |text: &str| Some(text.to_owned());
    assert_eq!(class(&admin, resource("pods", "")), said("masters true"));
    assert_eq!(class(&user, resource("pods", "")), said("pods false"));
    assert_eq!(class(&user, resource("pods", "status")), said("pods false"));
    assert_eq!(class(&user, resource("pods", "log")), said("rest false"));
    assert_eq!(class(&user, Target::Path("/logs/x")), said("pods false"));
    assert_eq!(class(&user, Target::Path("/version")), None);
    assert_eq!(class(&Caller::anonymous(), resource("pods", "")), None);
}

#[test]
fn what_finds_no_seat_waits_and_starts_when_one_is_given_back() {
    let mut all = dispatcher(2, vec![level("low", limited(1, 0, None, [4, 1, 1]))]);
    let first = runs(arrive(&mut all, "low", 1, 1, 0));
    let second = runs(arrive(&mut all, "low", 1, 1, 0));
    let third = waits(arrive(&mut all, "low", 1, 1, 0));
    let refused = Arrived::Refused(Refusal::QueueFull);
    assert_eq!(
        arrive(&mut all, "low", 1, 1, 0),
        refused,
        "its queue is full"
    );
    let started = all.leave(first, at(5));
    assert_eq!(
        started.iter().map(|one| one.id).collect::<Vec<_>>(),
        [third]
    );
    assert!(all.leave(second, at(6)).is_empty());
    assert_eq!(figures(&all, "low").seats, 1);
}

#[test]
fn a_level_without_queues_sends_away() {
    let mut all = dispatcher(1, vec![level("low", limited(1, 0, None, [0; 3]))]);
    let _running = runs(arrive(&mut all, "low", 1, 1, 0));
    let refused = Arrived::Refused(Refusal::Concurrency);
    assert_eq!(arrive(&mut all, "low", 2, 1, 0), refused);
    assert_eq!(arrive(&mut all, "gone", 2, 1, 0), refused);
}

#[test]
fn one_who_gives_up_waits_no_more() {
    let mut all = dispatcher(1, vec![level("low", limited(1, 0, None, [4, 1, 5]))]);
    let running = runs(arrive(&mut all, "low", 1, 1, 0));
    let id = waits(arrive(&mut all, "low", 1, 1, 0));
    assert_eq!(all.give_up("low", id, at(0)), Some(Vec::new()));
    assert_eq!(all.give_up("low", id, at(0)), None);
    assert!(all.leave(running, at(1)).is_empty());
}

#[test]
fn seats_that_nobody_wants_are_borrowed_up_to_a_limit_and_what_is_kept_stays_free() {
    let mut all = dispatcher(
        20,
        vec![
            level("lender", limited(10, 50, None, [4, 2, 50])),
            level("borrower", limited(10, 0, Some(40), [4, 2, 50])),
        ],
    );
    let mut borrowed = Vec::new();
    for flow in 0..30 {
        if let Arrived::Runs(ticket) = arrive(&mut all, "borrower", flow, 1, 0) {
            borrowed.push(ticket);
        }
    }
    assert_eq!(borrowed.len(), 14, "its own and four tenths more");
    for _ in 0..5 {
        runs(arrive(&mut all, "lender", 1, 1, 0));
    }
    runs(arrive(&mut all, "lender", 1, 1, 0));
    waits(arrive(&mut all, "lender", 1, 1, 0));
    let started = all.leave(borrowed.pop().unwrap(), at(1));
    assert_eq!(started.len(), 1);
    assert!(format!("{:?}", started[0].ticket).contains("lender"));
    assert_eq!(figures(&all, "borrower").seats, 13);
}

#[test]
fn a_long_list_takes_more_seats_and_never_more_than_there_are() {
    assert_eq!(
        [0, 1, 100, 101, 950, 100_000].map(seats_of_list),
        [1, 1, 1, 2, 10, 10]
    );
    let mut all = dispatcher(4, vec![level("low", limited(1, 0, None, [4, 2, 5]))]);
    let list = runs(arrive(&mut all, "low", 1, 10, 0));
    assert_eq!(figures(&all, "low").seats, 4);
    waits(arrive(&mut all, "low", 2, 1, 0));
    assert_eq!(all.leave(list, at(9)).len(), 1);
}

/// One flow comes with a thousand requests, another one with one at a time: how many of the first
/// start while one of the second waits, at most.
fn longest_wait(seed: u64) -> usize {
    let mut chance = Seeded::new(seed);
    let mut all = dispatcher(8, vec![level("low", limited(1, 0, None, [64, 6, 50]))]);
    let flood = chance.next_u64();
    let mut running = Vec::new();
    let mut now = 0;
    let mut waiting: Option<(Id, usize)> = None;
    let mut longest = 0;
    for _ in 0..3000 {
        now += 1;
        if let Arrived::Runs(ticket) = arrive(&mut all, "low", flood, 1, now) {
            running.push(ticket);
        }
        if waiting.is_none() {
            match arrive(&mut all, "low", flood ^ 0x5555_1234, 1, now) {
                Arrived::Runs(ticket) => running.push(ticket),
                Arrived::Waits(id) => waiting = Some((id, 0)),
                Arrived::Refused(why) => panic!("seed {seed}: {why:?}"),
            }
        }
        if running.len() < 8 {
            continue;
        }
        for started in all.leave(running.remove(0), at(now)) {
            match &mut waiting {
                Some((id, _)) if *id == started.id => waiting = None,
                Some((_, others)) => {
                    *others += 1;
                    longest = longest.max(*others);
                }
                None => {}
            }
            running.push(started.ticket);
        }
    }
    longest
}

#[test]
fn a_flood_of_one_flow_does_not_keep_another_one_waiting() {
    for seed in 0..60 {
        let longest = longest_wait(seed);
        assert!(longest <= 16, "seed {seed}: {longest} went first");
    }
}

/// Whatever happens: no more seats are out than there are, nobody is lost, nobody waits for nothing.
#[test]
fn seats_are_never_given_twice_and_never_lost() {
    for seed in 0..60 {
        let mut chance = Seeded::new(seed);
        let mut draw = |below: u64| chance.next_u64() % below;
        let total = u32::try_from(4 + draw(30)).unwrap();
        let names = ["a", "b", "c"];
        let levels = |draw: &mut dyn FnMut(u64) -> u64| {
            let mut small = |below| u32::try_from(draw(below)).unwrap();
            let levels = names.map(|name| {
                let borrowing = (small(2) == 0).then(|| small(200));
                let queues = [small(3) * 4, 1 + small(3), 1 + small(9)];
                level(name, limited(1 + small(50), small(101), borrowing, queues))
            });
            levels.to_vec()
        };
        let mut all = dispatcher(total, levels(&mut draw));
        let mut running: Vec<Ticket> = Vec::new();
        let mut waiting: BTreeSet<(String, Id)> = BTreeSet::new();
        for now in 0..400 {
            let started = match draw(10) {
                0..5 => {
                    let name = names[usize::try_from(draw(3)).unwrap()];
                    let seats = u32::try_from(1 + draw(12)).unwrap();
                    match arrive(&mut all, name, draw(9), seats, now) {
                        Arrived::Runs(ticket) => running.push(ticket),
                        Arrived::Waits(id) => assert!(waiting.insert((name.to_owned(), id))),
                        Arrived::Refused(_) => {}
                    }
                    Vec::new()
                }
                5..8 if !running.is_empty() => {
                    let place =
                        usize::try_from(draw(u64::try_from(running.len()).unwrap())).unwrap();
                    all.leave(running.swap_remove(place), at(now))
                }
                8 => {
                    let first = waiting.pop_first();
                    first.map_or_else(Vec::new, |(name, id)| {
                        all.give_up(&name, id, at(now)).expect("it waited")
                    })
                }
                _ => {
                    all.configure(&flows(levels(&mut draw)));
                    all.start(at(now))
                }
            };
            for one in started {
                let known = waiting.iter().find(|(_, id)| *id == one.id).cloned();
                assert!(waiting.remove(&known.expect("it waited")), "seed {seed}");
                running.push(one.ticket);
            }
            let (seats, count, queued) = all.figures().fold((0, 0, 0), |sum, (_, figures)| {
                (
                    sum.0 + figures.seats,
                    sum.1 + figures.running,
                    sum.2 + figures.waiting,
                )
            });
            assert_eq!(
                usize::try_from(count).unwrap(),
                running.len(),
                "seed {seed}"
            );
            assert_eq!(queued, waiting.len(), "seed {seed}");
            // Shares are rounded up, so that each level has at least one seat; and settings may
            // have changed under those that run.
            assert!(seats <= 2 * total + 3, "seed {seed}: {seats} of {total}");
        }
        while let Some(ticket) = running.pop() {
            for one in all.leave(ticket, at(1000)) {
                waiting.retain(|(_, id)| *id != one.id);
                running.push(one.ticket);
            }
        }
        assert!(
            waiting.is_empty(),
            "seed {seed}: {waiting:?} wait for nothing"
        );
    }
}
