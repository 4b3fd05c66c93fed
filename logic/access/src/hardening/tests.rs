use super::*;

fn answer(code: u16) -> Answer {
    Answer {
        code,
        text: "said".to_owned(),
    }
}

fn file(mode: u32, uid: u32) -> FileFact {
    FileFact {
        path: "/f".to_owned(),
        mode,
        uid,
    }
}

fn said(facts: &Facts, id: &str) -> String {
    let rows = rows(facts);
    let row = rows.iter().find(|row| row.id == id).unwrap();
    format!("{} {}", row.verdict.word(), row.reason)
}

#[test]
fn every_row_is_there_once_and_says_why() {
    let rows = rows(&Facts::default());
    let mut ids: Vec<&str> = rows.iter().map(|row| row.id).collect();
    let (count, chapters) = (
        ids.len(),
        [
            ("1.1.", 21),
            ("1.2.", 29),
            ("1.3.", 7),
            ("1.4.", 2),
            ("2.", 7),
            ("3.", 5),
        ],
    );
    for (chapter, rows) in chapters {
        assert_eq!(
            ids.iter().filter(|id| id.starts_with(chapter)).count(),
            rows,
            "{chapter}"
        );
    }
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), count);
    assert!(rows.iter().all(|row| !row.reason.is_empty()));
}

#[test]
fn what_was_not_found_out_is_no_pass() {
    let facts = Facts::default();
    for id in [
        "1.2.1", "1.2.6", "1.2.14", "1.2.16", "1.2.21", "1.2.27", "1.2.29", "NSA-2.2",
    ] {
        assert!(said(&facts, id).starts_with("FAIL"), "{id}");
    }
}

#[test]
fn files_are_judged_by_who_may_read_them_and_whose_they_are() {
    let with = |place, file| Facts {
        files: BTreeMap::from([(place, vec![file])]),
        server_uid: 7,
        ..Facts::default()
    };
    assert_eq!(
        said(&with(Place::Key, file(0o600, 0)), "1.1.21"),
        "pass /f: mode 600"
    );
    assert_eq!(
        said(&with(Place::Key, file(0o640, 0)), "1.1.21"),
        "FAIL /f: mode 640"
    );
    assert_eq!(
        said(&with(Place::Certificate, file(0o644, 0)), "1.1.20"),
        "pass /f: mode 644"
    );
    assert_eq!(
        said(&with(Place::Keys, file(0o700, 7)), "1.1.19"),
        "pass /f: mode 700"
    );
    assert_eq!(
        said(&with(Place::Keys, file(0o700, 8)), "1.1.19"),
        "FAIL /f: user 8 owns it"
    );
    assert!(said(&Facts::default(), "1.1.9").starts_with("n/a"));
}

#[test]
fn flags_and_answers_are_judged() {
    let flag = |name: &str, value: &str| Facts {
        flags: BTreeMap::from([(name.to_owned(), value.to_owned())]),
        ..Facts::default()
    };
    let off = flag("disable-admission-plugins", "[\"PodSecurity\"]");
    assert!(said(&off, "NSA-1.1").starts_with("FAIL"));
    assert!(said(&off, "1.2.12").starts_with("pass"));
    assert!(said(&flag("request-timeout", "10m"), "1.2.20").starts_with("FAIL"));
    assert!(said(&flag("request-timeout", "90s"), "1.2.20").starts_with("pass"));
    let answered = |code| Facts {
        answers: BTreeMap::from([("anonymous", answer(code))]),
        ..Facts::default()
    };
    assert!(said(&answered(403), "1.2.1").starts_with("pass"));
    assert_eq!(
        said(&answered(200), "1.2.1"),
        "FAIL anonymous: answered with 200 said"
    );
    let sealed = |by: &str| Facts {
        sealed: vec![("secrets".to_owned(), by.to_owned())],
        ..Facts::default()
    };
    assert!(said(&sealed("identity"), "1.2.27").starts_with("FAIL"));
    assert!(said(&sealed("aesgcm key-1"), "1.2.27").starts_with("pass"));
}

#[test]
fn an_etcd_is_asked_for_what_an_embedded_state_does_not_need() {
    assert!(said(&Facts::default(), "2.1").starts_with("n/a"));
    let etcd = |endpoints: &str, has_authority| Facts {
        etcd: Some(EtcdFacts {
            endpoints: endpoints.to_owned(),
            has_authority,
            has_certificate: false,
        }),
        ..Facts::default()
    };
    assert!(said(&etcd("http://a:1", true), "2.1").starts_with("FAIL"));
    assert!(said(&etcd("https://a:1", true), "2.1").starts_with("pass"));
    assert!(said(&etcd("https://a:1", false), "2.7").starts_with("FAIL"));
}
