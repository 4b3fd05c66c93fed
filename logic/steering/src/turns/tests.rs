//! Own writes are awaited, failures come back later.

use super::*;
use gantry_api::Revision;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(seconds).unwrap()
}

fn pods(revision: u64) -> Written {
    [(GroupResource::new("", "pods"), Revision(revision))].into()
}

#[test]
fn writes_for_one_key_are_awaited_for_that_key_only() {
    let mut turns = Turns::new(Awaits::SameKey);
    turns.wrote(&"a", pods(5));
    turns.wrote(&"a", pods(4));
    assert_eq!(turns.awaited(&"a"), Some(&pods(5)));
    assert_eq!(turns.awaited(&"b"), None);
    turns.seen(&"a");
    assert_eq!(turns.awaited(&"a"), None);
}

#[test]
fn what_one_key_wrote_all_keys_await_where_they_share() {
    let mut turns = Turns::new(Awaits::AllKeys);
    turns.wrote(&"a", pods(5));
    assert_eq!(turns.awaited(&"b"), Some(&pods(5)));
    turns.seen(&"c");
    assert_eq!(turns.awaited(&"a"), None);
}

#[test]
fn each_end_has_its_own_time_to_look_again() {
    let mut turns = Turns::new(Awaits::SameKey);
    let minute = Duration::from_secs(60);
    let mut end = |end: &End<()>, recheck| {
        let delay = turns.ended("a", end, recheck, at(0));
        (delay, turns.next(at(1_000)))
    };
    let failed = End::Failed("no".to_owned());
    let refused = End::Refused((), "no".to_owned());
    let due = |millis| (Some(Duration::from_millis(millis)), Next::Due("a"));
    assert_eq!(end(&failed, Some(minute)), due(20));
    assert_eq!(end(&refused, None), due(40));
    assert_eq!(end(&End::Stale, Some(minute)), due(80));
    assert_eq!(end(&End::Stale, None), due(160));
    assert_eq!(end(&failed, None), due(320));
    assert_eq!(end(&End::Done, None), (None, Next::Idle));
    assert_eq!(end(&End::Done, Some(minute)), due(60_000));
    assert_eq!(end(&failed, None), due(20));
}

#[test]
fn a_key_whose_writes_do_not_show_up_comes_back_later_and_still_awaits_them() {
    let mut turns = Turns::new(Awaits::SameKey);
    turns.wrote(&"a", pods(5));
    turns.unseen("a", at(0));
    assert!(matches!(turns.next(at(0)), Next::Wait(_)));
    assert_eq!(turns.next(at(1)), Next::Due("a"));
    assert!(turns.awaited(&"a").is_some());
}

#[test]
fn a_view_shows_what_it_holds_and_is_not_asked_for_the_rest() {
    let pod = GroupResource::new("", "pods");
    let mut view = View::default();
    assert!(shows(&view, |_| false, &pods(5)));
    assert!(!shows(&view, |_| true, &pods(5)));
    view.reached(&pod, Revision(4));
    assert!(!shows(&view, |held| *held == pod, &pods(5)));
    view.reached(&pod, Revision(5));
    assert!(shows(&view, |held| *held == pod, &pods(5)));
}

#[test]
fn everything_is_looked_at_now_and_then_evenly() {
    let mut turns = Turns::new(Awaits::SameKey);
    assert!(!turns.pass_is_due(at(0)));
    assert_eq!(turns.next(at(0)), Next::Wait(at(600)));
    assert!(turns.pass_is_due(at(600)));
    turns.pass(["a", "b"].into_iter(), at(600));
    assert_eq!(turns.next(at(600)), Next::Due("a"));
    assert_eq!(turns.next(at(600)), Next::Wait(at(900)));
    assert_eq!(turns.next(at(900)), Next::Due("b"));
    assert!(!turns.pass_is_due(at(1_199)));
    assert!(turns.pass_is_due(at(1_200)));
}
