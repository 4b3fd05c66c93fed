//! Rounds, batches and ends.

use serde_json::{Value, json};

use gantry_api::{GroupResource, Object, ObjectKey, Revision};
use gantry_registry::Verb;

use super::*;

fn pod(name: &str) -> ObjectKey {
    ObjectKey::new(GroupResource::new("", "pods"), "default", name)
}

fn create(name: &str) -> Write {
    let object = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}});
    Write::Create {
        key: pod(name),
        object: Object::from_typed(&object).unwrap(),
    }
}

fn delete(name: &str) -> Write {
    Write::Delete {
        key: pod(name),
        uid: "u".to_owned(),
        grace: None,
        propagation: None,
    }
}

fn patch(name: &str) -> Write {
    Write::Patch {
        key: pod(name),
        uid: "u".to_owned(),
        patch: json!({"spec": {}}),
        subresource: Some("status"),
    }
}

fn note(reason: &str) -> Write {
    Write::Note(EventNote {
        about: pod("a"),
        kind: "Pod".to_owned(),
        api_version: "v1".to_owned(),
        uid: "u".to_owned(),
        field_path: String::new(),
        warning: false,
        reason: reason.to_owned(),
        message: "it happened".to_owned(),
        component: String::new(),
    })
}

fn written(revision: u64) -> Result<Bytes, Rejection> {
    let answer = json!({"metadata": {"resourceVersion": revision.to_string()}});
    Ok(answer.to_string().into())
}

fn taken() -> Rejection {
    Rejection::AlreadyExists {
        resource: GroupResource::new("", "pods"),
        name: "a".to_owned(),
    }
}

fn missing() -> Rejection {
    Rejection::NotFound {
        resource: GroupResource::new("", "pods"),
        name: "a".to_owned(),
    }
}

/// The next round, as verbs and resources.
fn round(writing: &mut Writing) -> Vec<String> {
    let show = |request: &Request| {
        let verb = request.verb.as_str();
        format!("{verb} {} {}", request.resource.plural, request.name())
    };
    let requests = writing.next(Timestamp::UNIX_EPOCH);
    requests.iter().map(show).collect()
}

/// The body of the only request of the next round.
fn body(writing: &mut Writing) -> Value {
    let requests = writing.next(Timestamp::UNIX_EPOCH);
    assert_eq!(requests.len(), 1);
    serde_json::from_slice(&requests[0].body.as_ref().unwrap().bytes).unwrap()
}

fn answer_all(writing: &mut Writing, count: usize) {
    writing.answered((0..count).map(|_| written(1)).collect());
}

#[test]
fn creations_run_in_batches_that_double_up_to_the_limit() {
    let plan = (0..200).map(|index| create(&format!("p{index}"))).collect();
    let mut writing = Writing::new("test", plan);
    let mut widths = Vec::new();
    loop {
        let width = round(&mut writing).len();
        if width == 0 {
            break;
        }
        widths.push(width);
        answer_all(&mut writing, width);
    }
    assert_eq!(widths, [1, 2, 4, 8, 16, 32, 64, 64, 9]);
    assert!(matches!(writing.into_outcome().end, End::Done));
}

#[test]
fn what_is_neither_creation_nor_deletion_runs_alone_and_in_order() {
    let plan = vec![
        patch("a"),
        delete("b"),
        delete("c"),
        patch("d"),
        delete("e"),
    ];
    let mut writing = Writing::new("test", plan);
    let mut rounds = Vec::new();
    loop {
        let next = round(&mut writing);
        if next.is_empty() {
            break;
        }
        answer_all(&mut writing, next.len());
        rounds.push(next.join(", "));
    }
    let expected = [
        "patch pods a",
        "delete pods b, delete pods c",
        "patch pods d",
        "delete pods e",
    ];
    assert_eq!(rounds, expected);
}

#[test]
fn a_failure_ends_the_plan_and_what_went_through_beside_it_counts() {
    let plan = ["a", "b", "c", "d"].map(create).to_vec();
    let mut writing = Writing::new("test", plan);
    round(&mut writing);
    writing.answered(vec![written(5)]);
    assert_eq!(round(&mut writing).len(), 2);
    writing.answered(vec![Err(taken()), written(9)]);
    assert!(round(&mut writing).is_empty());
    let outcome = writing.into_outcome();
    let pods = GroupResource::new("", "pods");
    assert_eq!(outcome.written, [(pods, Revision(9))].into());
    let End::Refused(Write::Create { key, .. }, _) = outcome.end else {
        panic!("{:?}", outcome.end);
    };
    assert_eq!(key.name, "b");
}

#[test]
fn each_refusal_means_what_it_means() {
    let end = |write: Write, rejection: Rejection| {
        let mut writing = Writing::new("test", vec![write]);
        round(&mut writing);
        writing.answered(vec![Err(rejection)]);
        assert!(round(&mut writing).is_empty());
        writing.into_outcome().end
    };
    assert!(matches!(end(delete("a"), missing()), End::Done));
    assert!(matches!(end(patch("a"), missing()), End::Stale));
    let odd = Rejection::bad_request("odd");
    assert!(matches!(end(patch("a"), odd), End::Refused(..)));
    let broken = Rejection::internal("broken");
    assert!(matches!(end(create("a"), broken), End::Failed(_)));
}

#[test]
fn a_note_waits_for_its_write_and_is_not_taken_when_that_fails() {
    let mut writing = Writing::new("test", vec![patch("a"), note("One")]);
    assert_eq!(round(&mut writing), ["patch pods a"]);
    writing.answered(vec![written(1)]);
    let event = body(&mut writing);
    assert_eq!(event["reason"], "One");
    assert_eq!(event["source"]["component"], "test");
    writing.answered(vec![written(2)]);
    assert!(round(&mut writing).is_empty());
    let mut writing = Writing::new("test", vec![patch("a"), note("One")]);
    round(&mut writing);
    writing.answered(vec![Err(missing())]);
    assert!(round(&mut writing).is_empty());
}

#[test]
fn a_repeated_note_is_counted_on_the_event_that_is_there() {
    let mut writing = Writing::new("test", vec![note("One")]);
    round(&mut writing);
    writing.answered(vec![Err(taken())]);
    let patched = body(&mut writing);
    assert_eq!(patched, json!({"lastTimestamp": "1970-01-01T00:00:00Z"}));
    let known = json!({"apiVersion": "v1", "kind": "Event", "metadata": {}, "count": 4,
        "involvedObject": {}});
    writing.answered(vec![Ok(known.to_string().into())]);
    assert_eq!(body(&mut writing), json!({"count": 5}));
    answer_all(&mut writing, 1);
    assert!(round(&mut writing).is_empty());
    assert!(writing.take_unrecorded().is_empty());
}

#[test]
fn an_event_that_cannot_be_recorded_is_told_and_forgotten() {
    let mut writing = Writing::new("test", vec![create("a"), note("One"), note("Two")]);
    round(&mut writing);
    writing.answered(vec![written(1)]);
    round(&mut writing);
    writing.answered(vec![Err(Rejection::internal("full"))]);
    assert_eq!(writing.take_unrecorded()[0].note.reason, "One");
    assert_eq!(body(&mut writing)["reason"], "Two");
    answer_all(&mut writing, 1);
    assert!(round(&mut writing).is_empty());
    assert!(matches!(writing.into_outcome().end, End::Done));
}

#[test]
fn one_lane_goes_on_while_another_has_failed() {
    let plan = vec![create("a"), create("b"), create("c"), note("One")];
    let mut writing = Writing::new("test", plan);
    round(&mut writing);
    answer_all(&mut writing, 1);
    round(&mut writing);
    writing.answered(vec![Err(missing()), written(7)]);
    assert_eq!(round(&mut writing), ["create events "]);
    answer_all(&mut writing, 1);
    assert!(round(&mut writing).is_empty());
    assert!(matches!(writing.into_outcome().end, End::Stale));
}

#[test]
fn a_plan_given_up_on_the_way_is_not_done() {
    let mut writing = Writing::new("test", vec![create("a")]);
    let requests = writing.next(Timestamp::UNIX_EPOCH);
    assert_eq!(requests[0].verb, Verb::Create);
    assert!(matches!(writing.into_outcome().end, End::Failed(_)));
}
