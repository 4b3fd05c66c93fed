//! An errand is decided again when somebody else was first, and not for ever.

use gantry_access::Access;
use gantry_api::Rejection;
use gantry_store::{CommitError, Revision};
use serde_json::json;

use super::{Server, config_map, request};
use crate::errand::{Errand, Todo};
use crate::limits::ATTEMPTS;
use crate::request::{Body, Format};
use crate::{Around, Request};

fn creation() -> Request {
    let mut request = request("create v1 configmaps default/");
    request.body = Some(Body {
        bytes: config_map("a", json!({})).to_string().into(),
        format: Format::Json,
    });
    request
}

fn decide(server: &mut Server, errand: &mut Errand) -> Result<Todo, Rejection> {
    let (snapshot, registry) = (server.snapshot(), server.registry());
    let access = Access::compile(&snapshot);
    let around = Around {
        snapshot: &snapshot,
        access: &access,
        now: server.now,
        chance: &mut server.chance,
    };
    errand.decide(&registry, around)
}

fn lost() -> CommitError {
    CommitError::Missing {
        key: "configmaps/default/a".into(),
    }
}

#[test]
fn an_answer_goes_with_the_revision_of_its_commit() {
    let (mut server, mut errand) = (Server::new(), Errand::new(creation()));
    for result in [Err(lost()), Ok(Revision(7))] {
        let Ok(Todo::Commit(_)) = decide(&mut server, &mut errand) else {
            panic!("a creation is one commit");
        };
        let is_won = result.is_ok();
        let answer = errand.committed(result).unwrap();
        assert_eq!(answer.map(|(_, revision)| revision.0), is_won.then_some(7));
    }
}

#[test]
fn who_loses_every_race_is_told_of_a_conflict() {
    let (mut server, mut errand) = (Server::new(), Errand::new(creation()));
    for _ in 0..ATTEMPTS {
        assert!(decide(&mut server, &mut errand).is_ok());
        assert!(errand.committed(Err(lost())).unwrap().is_none());
    }
    let refused = decide(&mut server, &mut errand);
    assert!(matches!(refused, Err(Rejection::Conflict { .. })));
}

#[test]
fn one_conflict_among_many_is_enough_to_decide_again() {
    let mut server = Server::new();
    server.ok(
        request("create v1 configmaps default/"),
        Some(config_map("a", json!({}))),
    );
    let mut errand = Errand::new(request("deletecollection v1 configmaps default/"));
    let mut told = |results| {
        let Ok(Todo::CommitEach(_)) = decide(&mut server, &mut errand) else {
            panic!("a collection is many commits");
        };
        errand.committed_each(results)
    };
    let mixed = vec![Ok(Revision(1)), Err(lost()), Ok(Revision(2))];
    assert!(told(mixed).unwrap().is_none());
    let closed = vec![Err(CommitError::Closed)];
    assert!(matches!(told(closed), Err(Rejection::Unavailable { .. })));
    assert!(told(vec![Ok(Revision(3))]).unwrap().is_some());
}
