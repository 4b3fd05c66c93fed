//! Expressions and what they come to, family by family.

mod bounds;
mod compile;
mod estimate;
mod functions;
mod language;
mod objects;

use serde_json::{Value as Json, json};

use crate::authority::{Authority, Question, Verdict};
use crate::{Environment, Machine, Returns, Type, Value};

/// Says yes to those who may `get`.
struct Getters;

impl Authority for Getters {
    fn decide(&self, question: &Question) -> Verdict {
        let account = question.service_account.as_ref();
        let of = account.map_or("", |(_, name)| name.as_str());
        Verdict {
            allowed: question.verb == "get",
            reason: format!(
                "{of} {}{}/{}/{} {}",
                question.path,
                question.group,
                question.resource,
                question.subresource,
                question.name
            ),
            error: String::new(),
        }
    }
}

fn environment() -> Environment {
    Environment::new()
        .with("object", Type::Dyn)
        .with("authorizer", Type::AUTHORIZER)
}

fn object() -> Json {
    json!({
        "metadata": {"name": "web", "labels": {"app": "web", "tier": "front"}},
        "spec": {
            "replicas": 3,
            "ratio": 0.5,
            "nothing": null,
            "containers": [
                {"name": "a", "image": "registry.example/a:1", "ports": [80, 443]},
                {"name": "b", "image": "elsewhere.example/b:2"},
            ],
        },
    })
}

/// What an expression comes to, in the language's own notation.
fn outcome(source: &str) -> String {
    let environment = environment();
    let program = match environment.compile(source, Returns::Anything) {
        Ok(program) => program,
        Err(error) => return error.to_string(),
    };
    let object = object();
    let mut machine = Machine::new(&environment).with_authority(&Getters);
    machine.set("object", Value::tree(&object));
    machine.set("authorizer", Value::question(Question::default()));
    match machine.evaluate(&program) {
        Ok(value) => shown(&value),
        Err(problem) => format!("error: {problem}"),
    }
}

/// Compares what expressions come to with what is expected of them.
fn check(table: &[(&str, &str)]) {
    for (source, expected) in table {
        assert_eq!(outcome(source), *expected, "{source}");
    }
}

fn shown(value: &Value<'_>) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(truth) => truth.to_string(),
        Value::Int(number) => number.to_string(),
        Value::Uint(number) => format!("{number}u"),
        Value::Double(number) => format!("{number:?}"),
        Value::Text(text) => format!("{:?}", text.as_str()),
        Value::Bytes(bytes) => format!("b{:?}", String::from_utf8_lossy(bytes)),
        Value::List(list) => {
            let parts: Vec<String> = list.iter().map(|value| shown(&value)).collect();
            format!("[{}]", parts.join(", "))
        }
        Value::Map(map) => {
            let entry = |key: crate::Key<'_>| {
                let value = map.get(&key).unwrap_or(Value::Null);
                format!("{}: {}", shown(&key.clone().into()), shown(&value))
            };
            let parts: Vec<String> = map.keys().into_iter().map(entry).collect();
            format!("{{{}}}", parts.join(", "))
        }
        Value::Time(time) => time.to_string(),
        Value::Span(nanos) => crate::functions::time::shown_span(*nanos),
        Value::Type(name) => format!("type {name}"),
        Value::Optional(None) => "none".to_owned(),
        Value::Optional(Some(inner)) => format!("some {}", shown(inner)),
        other => other.type_name().to_owned(),
    }
}
