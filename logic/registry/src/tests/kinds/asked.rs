//! Kinds that only answer, and what a kind does not know.

use gantry_kinds::Verbs;
use serde_json::{Value, json};

use super::{examples, line};
use crate::request::{Include, View};
use crate::tests::request;

#[test]
fn a_question_is_answered_and_nothing_is_kept() {
    for example in examples(|kind| kind.verbs == Verbs::CreateOnly) {
        let file = super::file_of(&example.kind);
        let mut server = example.server();
        let mut table = example.request("create");
        table.view = View::Table {
            include: Include::Metadata,
        };
        let refused = server.refused(table, Some(example.object.clone()));
        assert!(
            refused.starts_with("406 NotAcceptable"),
            "{file}: {refused}"
        );
        let (code, answer) = server.send(example.request("create"), Some(example.object.clone()));
        assert_eq!(code, 201, "{file}: {answer:#}");
    }
}

/// What is asked of a collection, and what of one object.
const ASKED: &[(&str, &str, &str)] = &[
    ("create", "create", ""),
    ("list", "list", ""),
    ("watch", "watch", ""),
    ("deletecollection", "deletecollection", ""),
    ("get", "get", "x"),
    ("update", "update", "x"),
    ("merge-patch", "patch", "x"),
    ("delete", "delete", "x"),
];

#[test]
fn verbs_that_a_kind_does_not_have_are_not_allowed() {
    for example in examples(|_| true) {
        let mut server = example.server();
        let foreign = ASKED
            .iter()
            .filter(|(_, verb, _)| !example.kind.verbs.allow(verb));
        for (spoken, verb, name) in foreign {
            let asked = request(&line(spoken, &example.kind, "", name));
            let (code, status) = server.send(asked, Some(json!({})));
            assert_eq!(
                (code, &status["reason"]),
                (405, &Value::from("MethodNotAllowed")),
                "{verb} {}",
                super::file_of(&example.kind)
            );
        }
        for part in &example.kind.subresources {
            let foreign = ASKED
                .iter()
                .filter(|(_, verb, name)| !name.is_empty() && !part.verbs().contains(verb));
            for (spoken, verb, name) in foreign {
                let asked = request(&line(spoken, &example.kind, part.name(), name));
                let (code, _) = server.send(asked, Some(json!({})));
                assert_eq!(
                    code,
                    405,
                    "{verb} {} {part:?}",
                    super::file_of(&example.kind)
                );
            }
        }
        let unknown = request(&line("get", &example.kind, "nothing", "x"));
        assert_eq!(server.send(unknown, None).0, 404);
    }
}
