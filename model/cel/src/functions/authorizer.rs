//! Questions to the authorizer: put together step by step, and asked by `check`.

use std::rc::Rc;

use super::{Row, strings};
use crate::authority::{Question, Stage};
use crate::error::Problem;
use crate::eval::{Machine, Outcome};
use crate::value::Value;

/// What asking costs: every answer takes a walk over rules.
const CHECK_COST: u64 = 350_000;

pub(super) const ROWS: &[Row] = &[
    ("allowed", &["decision.allowed() -> bool"], |_, values| {
        decided(values).map(|own| Value::Bool(own.verdict.allowed))
    }),
    (
        "check",
        &[
            "path_check.check(string) -> decision",
            "resource_check.check(string) -> decision",
        ],
        check,
    ),
    ("error", &["decision.error() -> string"], |_, values| {
        decided(values).map(|own| Value::text(own.verdict.error.as_str()))
    }),
    ("errored", &["decision.errored() -> bool"], |_, values| {
        decided(values).map(|own| Value::Bool(!own.verdict.error.is_empty()))
    }),
    (
        "fieldSelector",
        &["resource_check.fieldSelector(string) -> resource_check"],
        |machine, values| refine(machine, values, |own, text| own.field_selector = text),
    ),
    (
        "group",
        &["authorizer.group(string) -> group_check"],
        |machine, values| begin(machine, values, Stage::Group, |own, text| own.group = text),
    ),
    (
        "labelSelector",
        &["resource_check.labelSelector(string) -> resource_check"],
        |machine, values| refine(machine, values, |own, text| own.label_selector = text),
    ),
    (
        "name",
        &["resource_check.name(string) -> resource_check"],
        |machine, values| refine(machine, values, |own, text| own.name = text),
    ),
    (
        "namespace",
        &["resource_check.namespace(string) -> resource_check"],
        |machine, values| refine(machine, values, |own, text| own.namespace = text),
    ),
    (
        "path",
        &["authorizer.path(string) -> path_check"],
        |machine, values| begin(machine, values, Stage::Path, |own, text| own.path = text),
    ),
    ("reason", &["decision.reason() -> string"], |_, values| {
        decided(values).map(|own| Value::text(own.verdict.reason.as_str()))
    }),
    (
        "resource",
        &["group_check.resource(string) -> resource_check"],
        resource,
    ),
    (
        "serviceAccount",
        &["authorizer.serviceAccount(string, string) -> authorizer"],
        service_account,
    ),
    (
        "subresource",
        &["resource_check.subresource(string) -> resource_check"],
        |machine, values| refine(machine, values, |own, text| own.subresource = text),
    ),
];

fn at_stage<'v>(values: &'v [Value<'_>], stages: &[Stage]) -> Result<&'v Question, Problem> {
    match values.first() {
        Some(Value::Question(own)) if stages.contains(&own.stage) => Ok(own),
        _ => Err(Problem::NoSuchOverload),
    }
}

fn decided<'v>(values: &'v [Value<'_>]) -> Result<&'v Question, Problem> {
    at_stage(values, &[Stage::Decision])
}

/// The question, its next part, and how far it is then.
fn advance<'a>(
    machine: &mut Machine<'a>,
    values: &[Value<'a>],
    (from, to): (Stage, Stage),
    set: fn(&mut Question, String),
) -> Outcome<'a> {
    let mut question = at_stage(values, &[from])?.clone();
    let text = strings::text(machine, &values[1..])?;
    set(&mut question, text.to_owned());
    question.stage = to;
    Ok(Value::Question(Rc::new(question)))
}

fn begin<'a>(
    machine: &mut Machine<'a>,
    values: &[Value<'a>],
    to: Stage,
    set: fn(&mut Question, String),
) -> Outcome<'a> {
    advance(machine, values, (Stage::Authorizer, to), set)
}

fn resource<'a>(machine: &mut Machine<'a>, values: &[Value<'a>]) -> Outcome<'a> {
    let stages = (Stage::Group, Stage::Resource);
    advance(machine, values, stages, |own, text| own.resource = text)
}

fn refine<'a>(
    machine: &mut Machine<'a>,
    values: &[Value<'a>],
    set: fn(&mut Question, String),
) -> Outcome<'a> {
    advance(machine, values, (Stage::Resource, Stage::Resource), set)
}

fn service_account<'a>(machine: &mut Machine<'a>, values: &[Value<'a>]) -> Outcome<'a> {
    let mut question = at_stage(values, &[Stage::Authorizer])?.clone();
    let [_, Value::Text(namespace), Value::Text(name)] = values else {
        return Err(Problem::NoSuchOverload);
    };
    machine.charge_text(namespace.as_str().len() + name.as_str().len())?;
    let account = (namespace.as_str().to_owned(), name.as_str().to_owned());
    question.service_account = Some(account);
    Ok(Value::Question(Rc::new(question)))
}

fn check<'a>(machine: &mut Machine<'a>, values: &[Value<'a>]) -> Outcome<'a> {
    let question = at_stage(values, &[Stage::Path, Stage::Resource])?;
    let verb = strings::text(machine, &values[1..])?;
    machine.charge(CHECK_COST)?;
    let mut question = question.clone();
    question.verb = verb.to_owned();
    let authority = machine.authority;
    let authority = authority.ok_or_else(|| Problem::invalid("there is no authorizer"))?;
    question.verdict = authority.decide(&question);
    question.stage = Stage::Decision;
    Ok(Value::Question(Rc::new(question)))
}
