//! Objects whose fields are known, and variables.

use std::sync::Arc;

use serde_json::json;

use super::shown;
use crate::{Environment, Machine, ObjectType, Returns, Type, Value};

fn known() -> Type {
    let spec = ObjectType::new("Spec")
        .with("at", Type::Time)
        .with("wait", Type::Span)
        .with("seed", Type::Bytes)
        .with("ratio", Type::Double)
        .with("names", Type::list(Type::Text))
        .with("labels", Type::map(Type::Text))
        .with_escaped("a__dash__b".to_owned(), "a-b".to_owned(), Type::Int);
    Type::object(ObjectType::new("Thing").with("spec", Type::object(spec)))
}

fn outcome(source: &str) -> String {
    let environment = Environment::new().with("self", known());
    let program = match environment.compile(source, Returns::Anything) {
        Ok(program) => program,
        Err(error) => return error.to_string(),
    };
    let object = json!({"spec": {
        "at": "2024-01-01T00:00:00Z",
        "wait": "90s",
        "seed": "YQ==",
        "ratio": 2,
        "names": ["a"],
        "labels": {"x": "y"},
        "a-b": 7,
        "unknown": 1,
    }});
    let of = known();
    let mut machine = Machine::new(&environment);
    machine.set("self", Value::typed(&object, &of));
    match machine.evaluate(&program) {
        Ok(value) => shown(&value),
        Err(problem) => format!("error: {problem}"),
    }
}

#[test]
fn fields_are_what_their_types_say() {
    for (source, expected) in [
        ("self.spec.at.getFullYear()", "2024"),
        ("self.spec.wait.getSeconds()", "90"),
        ("self.spec.seed", "b\"a\""),
        ("self.spec.ratio", "2.0"),
        ("self.spec.a__dash__b", "7"),
        ("has(self.spec.a__dash__b)", "true"),
        ("self.spec.names[0] + self.spec.labels['x']", "\"ay\""),
        ("self.spec.names.all(n, n.size() == 1)", "true"),
    ] {
        assert_eq!(outcome(source), expected, "{source}");
    }
}

#[test]
fn fields_that_are_not_there_are_told_before() {
    for (source, expected) in [
        ("self.spec.unknown", "undefined field 'unknown'"),
        (
            "self.spec.names + 1",
            "'_+_' applied to '(list(string), int)'",
        ),
        ("has(self.other)", "undefined field 'other'"),
    ] {
        let told = outcome(source);
        assert!(told.contains(expected), "{source}: {told}");
    }
}

#[test]
fn variables_are_evaluated_when_asked_for_and_once() {
    let mut environment = Environment::new().with("x", Type::Int).with_variables();
    environment.define("twice", "x * 2").unwrap();
    environment.define("bad", "1 / (x - x)").unwrap();
    environment
        .define(
            "long",
            "lists.range(1000).map(n, n).size() + variables.twice",
        )
        .unwrap();
    let of = Arc::new(Type::Int);
    assert_eq!(
        environment
            .compile("variables.twice", Returns::Anything)
            .unwrap()
            .gives(),
        &*of
    );
    let late = environment.compile("variables.later == 1", Returns::Bool);
    assert!(
        late.unwrap_err()
            .to_string()
            .contains("undefined field 'later'")
    );
    let program = environment
        .compile("variables.long + variables.long", Returns::Anything)
        .unwrap();
    let once = environment
        .compile("variables.long", Returns::Anything)
        .unwrap();
    let bad = environment
        .compile("variables.bad", Returns::Anything)
        .unwrap();
    let mut machine = Machine::new(&environment);
    machine.set("x", Value::Int(3));
    let before = machine.budget();
    assert_eq!(shown(&machine.evaluate(&once).unwrap()), "1006");
    let first = before - machine.budget();
    let before = machine.budget();
    assert_eq!(shown(&machine.evaluate(&program).unwrap()), "2012");
    assert!(before - machine.budget() < first / 100);
    assert_eq!(
        machine.evaluate(&bad).unwrap_err().to_string(),
        "composited variable \"bad\" fails to evaluate: division by zero"
    );
}

#[test]
fn a_name_may_have_a_point_in_it() {
    let environment = Environment::new()
        .with("a", Type::Text)
        .with("a.b", Type::Int);
    let program = environment
        .compile("a.size() + a.b", Returns::Anything)
        .unwrap();
    let mut machine = Machine::new(&environment);
    machine.set("a", Value::from("xyz"));
    machine.set("a.b", Value::Int(4));
    assert_eq!(shown(&machine.evaluate(&program).unwrap()), "7");
    let fewer = environment.clone().without("a.b");
    let told = fewer.compile("a.b", Returns::Anything).unwrap_err();
    assert!(told.to_string().contains("field selection"), "{told}");
}
