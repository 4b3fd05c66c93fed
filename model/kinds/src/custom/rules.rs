//! The rules of a custom kind: expressions in its schema that must be true of each object, beside
//! all that a schema can say without them.
//!
//! They are compiled once, when the definition is read. A definition whose rules do not compile,
//! or could cost too much, is refused; an object is judged within a budget. What did not change is
//! not refused for a rule that came later.

mod compile;
mod declared;
mod field_path;
mod judge;
mod message;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use gantry_api::Object;
use gantry_api::field_error::FieldErrors;
use gantry_base::FieldPath;
use gantry_cel::limits::REQUEST_COST;
use gantry_cel::{Environment, Program, Type};
use serde_json::Value;

use compile::Compiler;
use declared::Sketch;
use judge::{Judge, Seen};

/// What expressions call the value that a rule is about.
const SELF: &str = "self";
/// What they call the value that was there before.
const OLD_SELF: &str = "oldSelf";

/// The rules of one version of a custom kind.
#[derive(Debug, Default)]
pub(super) struct Rules(Option<Node>);

/// What must be true of a value, and of what is in it. Only what leads to a rule is kept.
#[derive(Debug)]
struct Node {
    /// The type that messages name.
    named: String,
    rules: Vec<Rule>,
    environment: Environment,
    /// The environment for rules that may ask whether there was a value before.
    optional: Environment,
    of: Type,
    fields: BTreeMap<String, Node>,
    entries: Option<Box<Node>>,
    item: Option<Box<Node>>,
    /// The fields by which an item is found again in what was there before.
    keys: Vec<String>,
}

/// One rule.
#[derive(Debug)]
struct Rule {
    text: String,
    /// Why it could not be compiled, if it could not.
    program: Result<Program, String>,
    uses_old: bool,
    is_old_optional: bool,
    message: String,
    message_program: Option<Program>,
    reason: String,
    /// The field that is told of, below the one that the rule is about.
    field: Vec<Step>,
}

/// A step of the path to the field that a rule tells of.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Step {
    Field(String),
    Key(String),
}

impl Rules {
    /// Reads the rules of a schema that was found to be valid.
    pub(super) fn read(schema: &Value) -> Self {
        let path = FieldPath::new("");
        compile(schema, &path, &mut FieldErrors::new())
    }

    /// Everything that the rules find wrong with an object that replaces `old`. What they find
    /// wrong with parts that did not change is returned, as remarks.
    pub(super) fn judge(
        &self,
        object: &Object,
        old: Option<&Object>,
        errors: &mut FieldErrors,
    ) -> Vec<String> {
        let Some(root) = &self.0 else {
            return Vec::new();
        };
        if errors.as_slice().iter().any(message::is_blocking) {
            errors.invalid(&FieldPath::new("<nil>"), Value::Null, message::NOT_CHECKED);
            return Vec::new();
        }
        let mut judge = Judge::new(REQUEST_COST);
        let old = old.map(|old| Seen::Tree(&old.0));
        judge.whole(root, Seen::Tree(&object.0), old);
        judge.told(errors)
    }
}

/// Reports everything that is wrong with the rules of a schema, which is a structural one.
pub(crate) fn validate(schema: &Value, path: &FieldPath, errors: &mut FieldErrors) {
    compile(schema, path, errors);
}

fn compile(schema: &Value, path: &FieldPath, errors: &mut FieldErrors) -> Rules {
    if !declared::has_rules(schema) {
        return Rules(None);
    }
    let sketch = Sketch::root(schema);
    let mut compiler = Compiler::new(errors);
    let root = compiler.node(&sketch, path, Some(1));
    compiler.finish(path);
    Rules(root)
}
