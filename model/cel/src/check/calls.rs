//! Which function a call means, and whether it takes what it is given.

use crate::ast::{Call, Expr, Literal, Node};
use crate::functions::{self, Function, pattern};
use crate::types::{Bindings, Signature, Type};

use super::Checker;
use super::operators::listed;

impl Checker<'_> {
    pub(super) fn call(&mut self, at: usize, call: &mut Call) -> Type {
        self.qualify(call);
        let target = call.target.as_mut().map(|target| self.expression(target));
        let is_member = target.is_some();
        let mut given: Vec<Type> = target.into_iter().collect();
        for argument in &mut call.arguments {
            let of = match &mut argument.node {
                // What is put into a text may be anything, side by side.
                Node::List(entries) if call.name == "format" => self.mixed(entries),
                _ => self.expression(argument),
            };
            given.push(of);
        }
        let Some(function) = functions::find(&call.name) else {
            return self.undeclared(at, &call.name);
        };
        call.function = Some(function);
        self.prepare(call);
        match result(function, is_member, &given) {
            Some(gives) => gives,
            None => self.mismatch(at, &call.name, &applied(is_member, &given)),
        }
    }

    /// Compiles the pattern that is written out among the arguments.
    fn prepare(&mut self, call: &mut Call) {
        if !pattern::takes_pattern(&call.name) {
            return;
        }
        let place = usize::from(call.target.is_none());
        let Some(Expr {
            at,
            node: Node::Literal(Literal::Text(text)),
            ..
        }) = call.arguments.get(place)
        else {
            return;
        };
        match pattern::compile(text) {
            Ok(compiled) => call.pattern = Some(compiled),
            Err(problem) => self.issue(*at, format!("invalid {} argument: {problem}", call.name)),
        }
    }

    /// What looks like a call on a name is one of a function in a family when nothing else has
    /// that name.
    fn qualify(&self, call: &mut Call) {
        let Some(Node::Name(family, _)) = call.target.as_ref().map(|target| &target.node) else {
            return;
        };
        let is_value = self.locals.iter().any(|(own, _)| own == family)
            || self.environment.find(family).is_some();
        let name = format!("{family}.{}", call.name);
        if !is_value && functions::find(&name).is_some() {
            call.name = name;
            call.target = None;
        }
    }
}

/// What a call gives; nothing if no signature takes what is given.
fn result(function: &Function, is_member: bool, given: &[Type]) -> Option<Type> {
    let fits = |signature: &&Signature| {
        signature.is_member == is_member && signature.takes.len() == given.len()
    };
    let gives = function.signatures.iter().filter(fits).filter_map(|own| {
        let mut bindings = Bindings::default();
        let mut pairs = own.takes.iter().zip(given);
        pairs
            .all(|(takes, given)| bindings.accept(takes, given))
            .then(|| bindings.resolve(&own.gives))
    });
    gives.reduce(|one, other| if one == other { one } else { Type::Dyn })
}

fn applied(is_member: bool, given: &[Type]) -> String {
    match given {
        [target, arguments @ ..] if is_member => format!("{target}.{}", listed(arguments)),
        _ => listed(given),
    }
}
