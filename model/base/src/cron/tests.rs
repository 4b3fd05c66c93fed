//! When schedules come, and what is none.

use super::*;

/// The next three moments after `then`, as the clocks of the zone show them.
fn next(schedule: &str, zone: &str, then: &str) -> Vec<String> {
    let zone = zone::find(zone).unwrap();
    let schedule = Schedule::parse(schedule, zone.clone()).unwrap();
    let first: Timestamp = then.parse().unwrap();
    let moments = std::iter::successors(Some(first), |then| schedule.next(*then));
    moments
        .skip(1)
        .take(3)
        .map(|moment| zone.to_offset(moment).to_datetime(moment).to_string())
        .collect()
}

fn wrong(schedule: &str) -> String {
    Schedule::parse(schedule, TimeZone::UTC)
        .unwrap_err()
        .to_string()
}

#[test]
fn ranges_steps_and_names() {
    let then = "2026-03-06T10:07:30Z";
    assert_eq!(
        next("*/20 10-11 * * mon-fri", "UTC", then),
        [
            "2026-03-06T10:20:00",
            "2026-03-06T10:40:00",
            "2026-03-06T11:00:00"
        ]
    );
    assert_eq!(
        next("0 9 * JAN,6 1", "UTC", then),
        [
            "2026-06-01T09:00:00",
            "2026-06-08T09:00:00",
            "2026-06-15T09:00:00"
        ]
    );
    assert_eq!(
        next("50/5 0 1 * ?", "UTC", then),
        [
            "2026-04-01T00:50:00",
            "2026-04-01T00:55:00",
            "2026-05-01T00:50:00"
        ]
    );
}

#[test]
fn two_kinds_of_day_are_alternatives_unless_one_is_any() {
    let then = "2026-03-06T10:00:00Z";
    assert_eq!(
        next("0 0 13 * fri", "UTC", then),
        [
            "2026-03-13T00:00:00",
            "2026-03-20T00:00:00",
            "2026-03-27T00:00:00"
        ]
    );
    assert_eq!(
        next("0 0 29 2 *", "UTC", then),
        [
            "2028-02-29T00:00:00",
            "2032-02-29T00:00:00",
            "2036-02-29T00:00:00"
        ]
    );
    assert_eq!(next("0 0 30 2 *", "UTC", then), Vec::<String>::new());
}

#[test]
fn a_moment_itself_is_not_after_itself() {
    assert_eq!(
        next("0 0 * * *", "UTC", "2026-03-06T00:00:00Z")[0],
        "2026-03-07T00:00:00"
    );
    assert_eq!(
        next("0 0 * * *", "UTC", "2026-03-05T23:59:59.999Z")[0],
        "2026-03-06T00:00:00"
    );
}

#[test]
fn names_stand_for_fields() {
    let then = "2026-03-06T10:07:30.25Z";
    let first = |schedule: &str| next(schedule, "UTC", then).remove(0);
    assert_eq!(first("@hourly"), "2026-03-06T11:00:00");
    assert_eq!(first("@daily"), "2026-03-07T00:00:00");
    assert_eq!(first("@weekly"), "2026-03-08T00:00:00");
    assert_eq!(first("@monthly"), "2026-04-01T00:00:00");
    assert_eq!(first("@annually"), "2027-01-01T00:00:00");
    assert_eq!(first("@every 90s"), "2026-03-06T10:09:00");
    assert_eq!(first("@every 10ms"), "2026-03-06T10:07:31");
}

#[test]
fn clocks_that_are_turned_skip_and_repeat() {
    // At 2:00 in spring it is 3:00; at 3:00 in autumn it is 2:00 again.
    assert_eq!(
        next("30 2 * * *", "Europe/Berlin", "2026-03-28T00:00:00Z"),
        [
            "2026-03-28T02:30:00",
            "2026-03-30T02:30:00",
            "2026-03-31T02:30:00"
        ]
    );
    assert_eq!(
        next("30 2 * * *", "Europe/Berlin", "2026-10-24T12:00:00Z"),
        [
            "2026-10-25T02:30:00",
            "2026-10-25T02:30:00",
            "2026-10-26T02:30:00"
        ]
    );
    assert_eq!(
        next("TZ=Asia/Tokyo 0 0 * * *", "UTC", "2026-03-06T10:00:00Z")[0],
        "2026-03-06T15:00:00"
    );
}

#[test]
fn what_is_no_schedule_is_named() {
    let found: Vec<String> = [
        "",
        "* * * *",
        "60 * * * *",
        "* * 0 * *",
        "* * * * 7",
        "5-1 * * * *",
        "*/0 * * * *",
        "1-2-3 * * * *",
        "1/2/3 * * * *",
        "x * * * *",
        "99999999999999999999 * * * *",
        "@sometimes",
        "@every soon",
        "TZ=Mars/Olympus * * * * *",
    ]
    .into_iter()
    .map(wrong)
    .collect();
    assert_eq!(
        found,
        [
            "empty spec string",
            "expected exactly 5 fields, found 4: [* * * *]",
            "end of range (60) above maximum (59): 60",
            "beginning of range (0) below minimum (1): 0",
            "end of range (7) above maximum (6): 7",
            "beginning of range (5) beyond end of range (1): 5-1",
            "step of range should be a positive number: */0",
            "too many hyphens: 1-2-3",
            "too many slashes: 1/2/3",
            "failed to parse int from x: strconv.Atoi: parsing \"x\": invalid syntax",
            "failed to parse int from 99999999999999999999: strconv.Atoi: parsing \
             \"99999999999999999999\": value out of range",
            "unrecognized descriptor: @sometimes",
            "failed to parse duration @every soon: read duration \"soon\": expected a form such as \
             30s, 5m or 1h30m",
            "provided bad location Mars/Olympus: unknown time zone Mars/Olympus",
        ]
    );
}
