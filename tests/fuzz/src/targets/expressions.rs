//! Expressions that people write into policies, conditions and schemas.

use gantry_cel::{Environment, Machine, Problem, Returns, Type, Value, limits};
use serde_json::json;

pub(super) const WORDS: &[&str] = &[
    "object",
    "object.spec",
    "variables.v",
    "has(",
    ".all(x, ",
    ".exists(x, ",
    ".map(x, ",
    ".filter(x, ",
    ".transformMap(k, v, ",
    "cel.bind(x, ",
    ".optMap(x, ",
    "optional.of(",
    ".?",
    "[?",
    " in ",
    " && ",
    " || ",
    " ? ",
    " : ",
    " == ",
    " + ",
    " - ",
    " * ",
    " / ",
    " % ",
    "!",
    "lists.range(",
    ".matches('",
    ".findAll('",
    ".replace('",
    ".split('",
    ".join(",
    ".format([",
    "'%s'",
    "quantity('",
    "ip('",
    "cidr('",
    "url('",
    "semver('",
    "timestamp('",
    "duration('",
    "int(",
    "string(",
    "type(",
    "dyn(",
    "size(",
    "{'a': ",
    "[1, ",
    "9223372036854775807",
    "1.5",
    "7u",
    "0x",
    "b'",
    "r'",
    "\\u00e4",
    "null",
    "true",
];

/// What is compiled can be evaluated within its budget, gives what it said it would, and gives the
/// same again.
pub(super) fn cel(input: &[u8]) -> String {
    let Ok(text) = std::str::from_utf8(input) else {
        return "is no text".to_owned();
    };
    let mut environment = Environment::new()
        .with("object", Type::Dyn)
        .with_variables();
    environment
        .define("v", "object.items.map(i, i.size)")
        .expect("it is an expression");
    let program = match environment.compile(text, Returns::Anything) {
        Ok(program) => program,
        Err(error) => return format!("is none: {}", first_words(&error.to_string())),
    };
    let object = json!({
        "metadata": {"name": "web", "labels": {"app": "web"}},
        "spec": {"replicas": 3, "ratio": 0.5, "nothing": null},
        "items": [{"name": "a", "size": 1}, {"name": "b", "size": 2}],
    });
    let evaluate = || {
        let mut machine = Machine::new(&environment);
        machine.set("object", Value::tree(&object));
        let outcome = machine.evaluate(&program);
        let cost = limits::REQUEST_COST - machine.budget();
        let told = match &outcome {
            Ok(value) => format!("is a {}", value.type_name()),
            Err(problem) => format!("fails: {}", kind(problem)),
        };
        assert!(cost <= limits::CALL_COST, "{cost}");
        (format!("{outcome:?}"), told)
    };
    let (first, told) = evaluate();
    assert_eq!(first, evaluate().0, "{text}");
    told
}

/// The error's words without what varies in them.
fn first_words(text: &str) -> String {
    let message = text.splitn(5, ':').last().unwrap_or("");
    let words = message.split_whitespace().take(4);
    let plain = words.filter(|word| !word.contains(['\'', '"', '`']));
    plain.collect::<Vec<_>>().join(" ")
}

fn kind(problem: &Problem) -> String {
    let text = format!("{problem:?}");
    text.split(['(', ' ']).next().unwrap_or("").to_owned()
}
