//! One event in two forms, and its row.

use expect_test::expect;
use serde_json::json;

use super::{Events, GroupedEvents};
use crate::describe;
use crate::testing::{check_create, check_row, created};

#[test]
fn an_event_of_its_own_group_is_stored_in_the_core_form_and_comes_back_whole() {
    let event = created::<GroupedEvents>(json!({
        "eventTime": "2026-01-02T03:04:05.123456Z",
        "regarding": { "kind": "Pod", "name": "web", "namespace": "default" },
        "note": "Started",
        "reportingController": "kubelet",
        "reportingInstance": "n1",
        "action": "Start",
        "reason": "Started",
        "type": "Normal",
    }));
    let hooks = describe::<GroupedEvents>().hooks;
    let mut stored = hooks.to_storage(event.clone());
    assert_eq!(stored.text(&["apiVersion"]), "v1");
    assert_eq!(stored.text(&["involvedObject", "name"]), "web");
    describe::<Events>().hooks.default(&mut stored).unwrap();
    assert_eq!(stored.text(&["eventTime"]), "2026-01-02T03:04:05.123456Z");
    assert_eq!(hooks.restore(stored), event);
}

#[test]
fn a_moment_keeps_its_six_digits() {
    let event = created::<Events>(json!({ "eventTime": "2026-01-02T03:04:05.000000Z" }));
    assert_eq!(event.text(&["eventTime"]), "2026-01-02T03:04:05.000000Z");
}

#[test]
fn the_new_form_must_say_who_and_when() {
    check_create::<GroupedEvents>(
        json!({ "type": "Odd" }),
        &expect![[r#"
            eventTime: Required value
            reportingController: Required value
            reportingInstance: Required value
            action: Required value
            reason: Required value
            type: Invalid value: "": has invalid value: Odd
        "#]],
    );
}

#[test]
fn the_row_says_when_it_happened_last() {
    let event = json!({
        "metadata": { "name": "web.1" },
        "involvedObject": { "kind": "Pod", "name": "web", "fieldPath": "spec.containers{a}" },
        "firstTimestamp": "2026-01-02T03:00:05Z",
        "lastTimestamp": "2026-01-02T03:03:05Z",
        "count": 4,
        "message": "Back-off pulling image\n",
        "reason": "BackOff",
        "source": { "component": "kubelet", "host": "n1" },
        "type": "Warning",
    });
    check_row::<Events>(
        event,
        &expect![[r#"
        Last Seen: 60s
        Type: Warning
        Reason: BackOff
        Object: pod/web
        Subobject: spec.containers{a}
        Source: kubelet, n1
        Message: Back-off pulling image
        First Seen: 4m
        Count: 4
        Name: web.1
    "#]],
    );
}
