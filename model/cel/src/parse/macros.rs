//! Calls that are more than calls: some of their arguments are names, others are evaluated many
//! times or not at all.

use crate::ast::{Access, Bind, BindKind, Expr, Loop, LoopKind, Node};
use crate::error::Issue;

use super::{node, primary};

/// What a call means.
pub(super) fn expand(
    at: usize,
    target: Option<Expr>,
    name: String,
    arguments: Vec<Expr>,
) -> Result<Expr, Issue> {
    match (target, name.as_str(), arguments.len()) {
        (None, "has", 1) => has(at, arguments),
        (Some(target), "bind", 3) if is_named(&target, "cel") => {
            let [name, value, body] = exactly(arguments);
            bind(at, BindKind::Value, value, (name, body))
        }
        (Some(target), "optMap", 2) => {
            let [name, body] = exactly(arguments);
            bind(at, BindKind::Present, target, (name, body))
        }
        (Some(target), "optFlatMap", 2) => {
            let [name, body] = exactly(arguments);
            bind(at, BindKind::PresentFlat, target, (name, body))
        }
        (Some(target), other, count) => match shape(other, count) {
            Some(shape) => walk(at, shape, target, arguments),
            None => primary::call(at, Some(target), name, arguments),
        },
        (None, _, _) => primary::call(at, None, name, arguments),
    }
}

/// A walk: what it is after, how many names it gives, and whether it filters.
type Shape = (LoopKind, usize, bool);

fn shape(name: &str, arguments: usize) -> Option<Shape> {
    Some(match (name, arguments) {
        ("all", 2) => (LoopKind::All, 1, false),
        ("all", 3) => (LoopKind::All, 2, false),
        ("exists", 2) => (LoopKind::Exists, 1, false),
        ("exists", 3) => (LoopKind::Exists, 2, false),
        ("exists_one" | "existsOne", 2) => (LoopKind::ExistsOne, 1, false),
        ("existsOne", 3) => (LoopKind::ExistsOne, 2, false),
        ("filter", 2) => (LoopKind::Filter, 1, false),
        ("map", 2) => (LoopKind::Map, 1, false),
        ("map", 3) => (LoopKind::Map, 1, true),
        ("transformList", 3) => (LoopKind::Map, 2, false),
        ("transformList", 4) => (LoopKind::Map, 2, true),
        ("transformMap", 3) => (LoopKind::TransformMap, 2, false),
        ("transformMap", 4) => (LoopKind::TransformMap, 2, true),
        ("transformMapEntry", 3) => (LoopKind::TransformEntry, 2, false),
        ("transformMapEntry", 4) => (LoopKind::TransformEntry, 2, true),
        _ => return None,
    })
}

fn walk(
    at: usize,
    (kind, count, filters): Shape,
    range: Expr,
    arguments: Vec<Expr>,
) -> Result<Expr, Issue> {
    let mut arguments = arguments.into_iter();
    let names: Vec<String> = arguments
        .by_ref()
        .take(count)
        .map(simple)
        .collect::<Result<_, _>>()?;
    let filter = if filters { arguments.next() } else { None };
    let body = arguments.next().expect("arguments were counted");
    node(
        at,
        Node::Loop(Box::new(Loop {
            kind,
            range,
            names,
            filter,
            body,
        })),
    )
}

fn bind(at: usize, kind: BindKind, value: Expr, (name, body): (Expr, Expr)) -> Result<Expr, Issue> {
    node(
        at,
        Node::Bind(Box::new(Bind {
            kind,
            name: simple(name)?,
            value,
            body,
        })),
    )
}

fn has(at: usize, arguments: Vec<Expr>) -> Result<Expr, Issue> {
    let [argument] = exactly(arguments);
    match argument.node {
        Node::Select(operand, field, Access::Required) => node(at, Node::Has(operand, field)),
        _ => Err(Issue {
            at: argument.at,
            message: "invalid argument to has() macro".to_owned(),
        }),
    }
}

fn exactly<const N: usize>(arguments: Vec<Expr>) -> [Expr; N] {
    arguments.try_into().expect("arguments were counted")
}

/// The name that an argument is.
fn simple(argument: Expr) -> Result<String, Issue> {
    match argument.node {
        Node::Name(name, _) => Ok(name),
        _ => Err(Issue {
            at: argument.at,
            message: "argument must be a simple name".to_owned(),
        }),
    }
}

fn is_named(expression: &Expr, wanted: &str) -> bool {
    matches!(&expression.node, Node::Name(name, _) if name == wanted)
}
