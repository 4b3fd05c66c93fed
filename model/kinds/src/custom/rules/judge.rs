//! Judges an object by the rules of its kind.
//!
//! Nothing is built on the way but for what is found to be wrong. Who runs out of budget is told
//! so, and nothing more is evaluated.

use gantry_api::FieldError;
use gantry_api::field_error::{Fault, FieldErrors};
use gantry_base::FieldPath;
use gantry_cel::{Machine, Map as CelMap, Problem, Type, Value as Cel};
use gantry_schema::limits::FAULTS_MAX;
use gantry_schema::{Former, Trail};
use serde_json::{Map, Value};

use super::message::{OUT_OF_BUDGET, fault, plain};
use super::{Node, OLD_SELF, Rule, SELF, Step};

/// Bytes of a message that an expression makes. A longer one is not used.
const MESSAGE_BYTES: usize = 5 << 10;

/// A value as the walk sees it: an object is a tree at its root.
#[derive(Clone, Copy, Debug)]
pub(super) enum Seen<'v> {
    Tree(&'v Map<String, Value>),
    Value(&'v Value),
}

impl<'v> Seen<'v> {
    const fn members(self) -> Option<&'v Map<String, Value>> {
        match self {
            Self::Tree(tree) | Self::Value(Value::Object(tree)) => Some(tree),
            Self::Value(_) => None,
        }
    }

    fn items(self) -> &'v [Value] {
        match self {
            Self::Value(Value::Array(items)) => items,
            Self::Tree(_) | Self::Value(_) => &[],
        }
    }

    fn read(self, of: &'v Type) -> Cel<'v> {
        match self {
            Self::Tree(tree) => Cel::Map(CelMap::Tree(tree, of)),
            Self::Value(value) => Cel::typed(value, of),
        }
    }

    const fn is_null(self) -> bool {
        matches!(self, Self::Value(Value::Null))
    }
}

/// A value and what it takes the place of.
#[derive(Clone, Copy)]
struct Pair<'v> {
    new: Seen<'v>,
    old: Option<Seen<'v>>,
    /// The nearest values around it that are known to belong together.
    known: Option<(Seen<'v>, Seen<'v>)>,
}

impl<'v> Pair<'v> {
    fn below(self, new: &'v Value, old: Option<&'v Value>) -> Self {
        let new = Seen::Value(new);
        let old = old.map(Seen::Value);
        Self {
            new,
            old,
            known: old.map_or(self.known, |old| Some((new, old))),
        }
    }

    /// Whether nothing changed here.
    fn is_same(self) -> bool {
        self.known.is_some_and(|(new, old)| match (new, old) {
            (Seen::Value(new), Seen::Value(old)) => new == old,
            (new, old) => new.members().is_some() && new.members() == old.members(),
        })
    }
}

/// One judgement of one object.
pub(super) struct Judge {
    budget: u64,
    errors: Vec<FieldError>,
    /// What is wrong as it was before.
    remarks: Vec<FieldError>,
    is_spent: bool,
}

impl Judge {
    pub(super) const fn new(budget: u64) -> Self {
        Self {
            budget,
            errors: Vec::new(),
            remarks: Vec::new(),
            is_spent: false,
        }
    }

    /// Judges a value that takes the place of `old`.
    pub(super) fn whole<'v>(&mut self, node: &'v Node, new: Seen<'v>, old: Option<Seen<'v>>) {
        let known = old.map(|old| (new, old));
        self.node(node, Pair { new, old, known }, &Trail::Root);
    }

    /// Adds what was found, and returns the remarks.
    pub(super) fn told(self, errors: &mut FieldErrors) -> Vec<String> {
        for mut error in self.errors {
            if error.path.as_str().is_empty() {
                error.path = FieldPath::new("<nil>");
            }
            errors.push(error);
        }
        self.remarks.iter().map(ToString::to_string).collect()
    }

    /// Adds what was found below `path`.
    pub(super) fn told_at(self, path: &FieldPath, errors: &mut FieldErrors) {
        for mut error in self.errors {
            let inside = error.path.as_str();
            error.path = match inside {
                "" => path.clone(),
                inside if inside.starts_with('[') => FieldPath::new(format!("{path}{inside}")),
                inside => path.field(inside),
            };
            errors.push(error);
        }
    }

    fn node<'v>(&mut self, node: &'v Node, pair: Pair<'v>, at: &Trail<'_>) {
        if pair.new.is_null() || self.is_spent {
            return;
        }
        self.rules(node, pair, at);
        let old = pair.old.and_then(Seen::members);
        for (name, value) in pair.new.members().into_iter().flatten() {
            let below = pair.below(value, old.and_then(|old| old.get(name)));
            if let Some(node) = node.fields.get(name) {
                self.node(node, below, &Trail::Field(at, name));
            } else if let Some(node) = &node.entries {
                self.node(node, below, &Trail::Key(at, name));
            }
        }
        let Some(item) = &node.item else { return };
        let former = Former::new(&node.keys, pair.old.map_or(&[][..], Seen::items));
        for (index, value) in pair.new.items().iter().enumerate() {
            let below = pair.below(value, former.of(value));
            self.node(item, below, &Trail::Index(at, index));
        }
    }

    fn rules<'v>(&mut self, node: &'v Node, pair: Pair<'v>, at: &Trail<'_>) {
        if node.rules.is_empty() || self.is_spent {
            return;
        }
        let mut plain = Machine::new(&node.environment).with_budget(self.budget);
        plain.set(SELF, pair.new.read(&node.of));
        if let Some(old) = pair.old {
            plain.set(OLD_SELF, old.read(&node.of));
        }
        for rule in &node.rules {
            if rule.is_old_optional {
                let old = pair.old.map(|old| old.read(&node.of));
                let mut machine = Machine::new(&node.optional).with_budget(plain.budget());
                machine.set(SELF, pair.new.read(&node.of));
                machine.set(OLD_SELF, old.map_or(Cel::Optional(None), Cel::some));
                self.rule((node, rule), &mut machine, (pair, at));
                plain = plain.with_budget(machine.budget());
            } else if !rule.uses_old || pair.old.is_some() {
                self.rule((node, rule), &mut plain, (pair, at));
            }
            if self.is_spent {
                return;
            }
        }
        self.budget = plain.budget();
        // Nobody reads more than that.
        self.is_spent = FAULTS_MAX <= self.errors.len() + self.remarks.len();
    }

    fn rule<'v>(
        &mut self,
        (node, rule): (&'v Node, &'v Rule),
        machine: &mut Machine<'v>,
        (pair, at): (Pair<'v>, &Trail<'_>),
    ) {
        let program = match &rule.program {
            Ok(program) => program,
            Err(fault) => {
                let told = format!("rule compile error: {fault}");
                return self.wrong(node, Fault::Invalid, at.path(), told);
            }
        };
        let told = match machine.evaluate(program) {
            Ok(value) if value.as_bool() == Some(true) => return,
            Ok(_) => {
                let told = message(rule, machine);
                let error = FieldError {
                    fault: fault(&rule.reason),
                    path: below(at.path(), &rule.field),
                    value: node.named.as_str().into(),
                    detail: told,
                };
                // Who only changes something else is not held up by what was there before.
                if !rule.uses_old && pair.is_same() {
                    self.remarks.push(error);
                } else {
                    self.errors.push(error);
                }
                return;
            }
            Err(problem) => self.failure(&problem, rule, machine.budget()),
        };
        self.wrong(node, Fault::Invalid, at.path(), told);
    }

    /// What is told when a rule comes to no answer.
    fn failure(&mut self, problem: &Problem, rule: &Rule, budget: u64) -> String {
        let text = rule.text.trim();
        match problem {
            Problem::CostExceeded => {
                self.is_spent = true;
                if budget == 0 {
                    return OUT_OF_BUDGET.to_owned();
                }
                format!(
                    "'{problem}': no further validation rules will be run due to call cost \
                     exceeds limit for rule: {text}"
                )
            }
            Problem::NoSuchOverload => format!(
                "'{problem}': call arguments did not match a supported operator, function or \
                 macro signature for rule: {text}"
            ),
            Problem::NoSuchKey(_)
            | Problem::OutOfBounds(_)
            | Problem::Overflow
            | Problem::DivisionByZero
            | Problem::ModulusByZero
            | Problem::Absent
            | Problem::RepeatedKey(_)
            | Problem::TooDeep
            | Problem::Variable { .. }
            | Problem::Invalid(_) => format!("{problem} evaluating rule: {text}"),
        }
    }

    fn wrong(&mut self, node: &Node, fault: Fault, path: FieldPath, detail: String) {
        self.errors.push(FieldError {
            fault,
            path,
            value: node.named.as_str().into(),
            detail,
        });
    }
}

/// The message of a rule that is not true. One that cannot be made is left aside.
fn message<'v>(rule: &'v Rule, machine: &mut Machine<'v>) -> String {
    let own = rule.message_program.as_ref();
    let made = own.and_then(|program| machine.evaluate(program).ok());
    let made = made
        .as_ref()
        .and_then(|value| value.as_str())
        .map(str::trim);
    let is_fit = |text: &&str| {
        !text.is_empty() && text.len() <= MESSAGE_BYTES && !text.contains(['\n', '\r'])
    };
    made.filter(is_fit)
        .map_or_else(|| plain(rule), str::to_owned)
}

fn below(path: FieldPath, steps: &[Step]) -> FieldPath {
    steps.iter().fold(path, |path, step| match step {
        Step::Field(name) if path.as_str().is_empty() => FieldPath::new(name.as_str()),
        Step::Field(name) => path.field(name),
        Step::Key(name) => path.key(name),
    })
}
