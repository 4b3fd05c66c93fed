use gantry_store::contract::value;

use crate::wire::KeyValue;

use super::*;

fn follower() -> Follower {
    Follower::new(Space::new("/g/".to_owned(), 100), 5)
}

fn event(at: i64, path: &str) -> Event {
    let kv = KeyValue {
        key: format!("/g/{path}").into(),
        modified: at,
        value: value(path).record().into(),
        ..KeyValue::default()
    };
    Event {
        kind: 0,
        kv: Some(kv),
    }
}

fn gone(at: i64, path: &str) -> Event {
    Event {
        kind: DELETED,
        ..event(at, path)
    }
}

fn events(events: Vec<Event>) -> WatchResponse {
    WatchResponse {
        events,
        ..WatchResponse::default()
    }
}

fn piece(piece: Vec<Event>) -> WatchResponse {
    WatchResponse {
        fragment: true,
        ..events(piece)
    }
}

/// What is taken over, as `revision: +key -key`.
fn told(follower: &mut Follower, response: WatchResponse) -> Vec<String> {
    let Heard::Moments(moments) = follower.hear(response).unwrap() else {
        panic!("the watch goes on");
    };
    let line = |moment: &Moment| {
        let write = |write: &Write| match write {
            Write::Put { key, .. } => format!(" +{key}"),
            Write::Delete { key } => format!(" -{key}"),
        };
        let writes: String = moment.writes.iter().map(write).collect();
        format!("{}:{writes}", moment.revision)
    };
    moments.iter().map(line).collect()
}

#[test]
fn events_of_one_revision_make_one_moment() {
    let mut follower = follower();
    let response = events(vec![event(6, "a//x"), gone(6, "a//y"), event(9, "b//z")]);
    assert_eq!(
        told(&mut follower, response),
        ["106: +a//x -a//y", "109: +b//z"]
    );
    assert_eq!(follower.reached(), 9);
}

#[test]
fn what_is_known_already_is_passed_by() {
    let mut follower = follower();
    let response = events(vec![event(4, "a//x"), event(5, "a//x"), event(6, "a//x")]);
    assert_eq!(told(&mut follower, response), ["106: +a//x"]);
    let again = events(vec![event(6, "a//x")]);
    assert_eq!(told(&mut follower, again), [""; 0]);
    assert_eq!(follower.begin(), 7);
}

#[test]
fn a_revision_in_pieces_is_taken_over_whole_or_not_at_all() {
    let mut follower = follower();
    let first = piece(vec![event(6, "a//x"), event(7, "a//1")]);
    assert_eq!(told(&mut follower, first), ["106: +a//x"]);
    let second = piece(vec![event(7, "a//2")]);
    assert_eq!(told(&mut follower, second), [""; 0]);
    assert_eq!(follower.reached(), 6, "not before it is whole");
    let last = events(vec![event(7, "a//3"), event(8, "a//x")]);
    assert_eq!(
        told(&mut follower, last),
        ["107: +a//1 +a//2 +a//3", "108: +a//x"]
    );
}

#[test]
fn a_revision_that_was_cut_off_half_way_is_told_again() {
    let mut follower = follower();
    assert_eq!(told(&mut follower, piece(vec![event(6, "a//1")])), [""; 0]);
    assert_eq!(follower.begin(), 6);
    let again = events(vec![event(6, "a//1"), event(6, "a//2")]);
    assert_eq!(told(&mut follower, again), ["106: +a//1 +a//2"]);
}

#[test]
fn own_keys_move_the_copy_on_and_change_nothing() {
    let mut follower = follower();
    let response = events(vec![event(6, "~/tick"), event(7, "~ports//1")]);
    assert_eq!(told(&mut follower, response), ["106:", "107: +~ports//1"]);
}

#[test]
fn forgotten_history_means_reading_everything_anew() {
    let compacted = WatchResponse {
        canceled: true,
        compacted: 40,
        ..WatchResponse::default()
    };
    let mut follower = follower();
    assert_eq!(follower.hear(compacted).unwrap(), Heard::Compacted);
    follower.jump(50);
    let late = events(vec![event(50, "a//x"), event(51, "a//x")]);
    assert_eq!(told(&mut follower, late), ["151: +a//x"]);
}

#[test]
fn a_watch_that_etcd_ends_is_begun_again() {
    let reason = "etcdserver: no leader".to_owned();
    let ended = WatchResponse {
        canceled: true,
        reason: reason.clone(),
        ..WatchResponse::default()
    };
    assert_eq!(follower().hear(ended).unwrap(), Heard::Ended(reason));
}

#[test]
fn what_cannot_be_read_is_named_and_never_passed_by() {
    let mut damaged = event(6, "pods/a/x");
    if let Some(kv) = &mut damaged.kv {
        kv.value = "torn".into();
    }
    let error = follower().hear(events(vec![damaged])).unwrap_err();
    assert_eq!(
        error.to_string(),
        "read pods/a/x in etcd: it is damaged; restore it from a backup"
    );
    let foreign = Event {
        kv: Some(KeyValue {
            key: "/g/\u{fffd}".into(),
            modified: 6,
            ..KeyValue::default()
        }),
        kind: 0,
    };
    assert!(follower().hear(events(vec![foreign])).is_err());
}

#[test]
fn a_state_that_moved_away_stops_the_copy() {
    let note = |state: &State| {
        let mut event = event(6, "~/state");
        if let Some(kv) = &mut event.kv {
            kv.value = state.to_string().into();
        }
        follower().hear(events(vec![event]))
    };
    let base = 100;
    assert!(note(&State::Ready { base }).is_ok());
    for state in [
        State::Ready { base: 3 },
        State::Loading { base },
        State::Moved { base },
    ] {
        assert!(matches!(note(&state), Err(EtcdError::Moved)), "{state}");
    }
}
