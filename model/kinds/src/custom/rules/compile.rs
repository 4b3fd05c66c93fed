//! From the rules in a schema to programs, with everything that is wrong with them, and with what
//! they can cost.

use std::collections::BTreeMap;

use gantry_api::field_error::FieldErrors;
use gantry_base::FieldPath;
use gantry_cel::limits::{DEFINITION_COST, RULE_COST};
use gantry_cel::{CompileError, Environment, Program, Returns, Type};
use gantry_schema::limits::FAULTS_MAX;
use serde_json::Value;

use super::declared::{self, Declared, REQUEST_BYTES, Sketch};
use super::judge::{Judge, Seen};
use super::message::too_costly;
use super::{Node, OLD_SELF, Rule, SELF, field_path};

/// How many of the costliest rules are named when all together cost too much.
const COSTLIEST: usize = 4;

/// Compiles the rules of one schema.
pub(super) struct Compiler<'e> {
    errors: &'e mut FieldErrors,
    costs: Vec<(u64, FieldPath)>,
    /// The lists around the present place whose items cannot be found again in what was before.
    lost: Vec<FieldPath>,
}

/// A rule's schema with what is known there.
struct Scene<'s> {
    schema: &'s Value,
    declared: &'s Declared,
    plain: Environment,
    old: Environment,
    optional: Environment,
    /// How often the rules are evaluated for one object, at most.
    times: u64,
}

impl<'e> Compiler<'e> {
    pub(super) const fn new(errors: &'e mut FieldErrors) -> Self {
        Self {
            errors,
            costs: Vec::new(),
            lost: Vec::new(),
        }
    }

    /// Compiles the rules of a schema and of all below it. `times` says how many such values one
    /// object has at most, as far as that is known.
    pub(super) fn node(
        &mut self,
        sketch: &Sketch<'_>,
        path: &FieldPath,
        times: Option<u64>,
    ) -> Option<Node> {
        let schema = sketch.schema;
        let rules = self.rules(sketch, path, times);
        let mut fields = BTreeMap::new();
        for (name, own) in &sketch.fields {
            let at = path.field("properties").key(name);
            let below = self.node(own, &at, times);
            fields.extend(below.map(|node| ((*name).to_owned(), node)));
        }
        let entries = sketch.entries.as_ref().and_then(|own| {
            let at = path.field("additionalProperties");
            self.node(own, &at, more(times, &schema["maxProperties"]))
        });
        let keys = declared::keys(schema);
        let item = sketch.item.as_ref().and_then(|own| {
            let at = path.field("items");
            let bottom = self.lost.len();
            self.lost.extend(keys.is_empty().then(|| path.clone()));
            let item = self.node(own, &at, more(times, &schema["maxItems"]));
            self.lost.truncate(bottom);
            item
        });
        let (entries, item) = (entries.map(Box::new), item.map(Box::new));
        if rules.is_empty() && fields.is_empty() && entries.is_none() && item.is_none() {
            return None;
        }
        let of = sketch.declared.as_ref().map(|own| own.read.clone());
        let checked = sketch.declared.as_ref().map(|own| own.checked.clone());
        let node = Node {
            named: schema["type"].as_str().unwrap_or("").to_owned(),
            rules,
            environment: with_old(checked.clone().unwrap_or_default()),
            optional: with_optional(checked.unwrap_or_default()),
            of: of.unwrap_or_default(),
            fields,
            entries,
            item,
            keys,
        };
        self.default(&node, schema, path);
        Some(node)
    }

    /// Says what all rules cost together, if that is too much.
    pub(super) fn finish(mut self, path: &FieldPath) {
        let total = self.costs.iter().map(|(cost, _)| *cost);
        let total = total.fold(0, u64::saturating_add);
        if total <= DEFINITION_COST {
            return;
        }
        self.costs.sort_by_key(|(cost, _)| std::cmp::Reverse(*cost));
        for (_, at) in self.costs.iter().take(COSTLIEST) {
            let detail = "contributed to estimated rule cost total exceeding cost limit for entire \
                          OpenAPIv3 schema";
            self.errors.forbidden(at, detail);
        }
        let what = "x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema";
        let detail = too_costly(what, total, DEFINITION_COST);
        self.errors.forbidden(path, detail);
    }

    /// A default must be one that the rules let pass.
    fn default(&mut self, node: &Node, schema: &Value, path: &FieldPath) {
        let Some(default) = schema.get("default").filter(|own| !own.is_null()) else {
            return;
        };
        let mut judge = Judge::new(RULE_COST);
        judge.whole(node, Seen::Value(default), None);
        judge.told_at(&path.field("default"), self.errors);
    }

    fn rules(&mut self, sketch: &Sketch<'_>, path: &FieldPath, times: Option<u64>) -> Vec<Rule> {
        let rules = declared::rules(sketch.schema);
        if rules.is_empty() || FAULTS_MAX <= self.errors.as_slice().len() {
            return Vec::new();
        }
        let path = path.field("x-kubernetes-validations");
        let Some(declared) = &sketch.declared else {
            let detail = "rules need a schema that says what the value is: its type, and those of \
                          its items or entries";
            self.errors.forbidden(&path, detail);
            return Vec::new();
        };
        let checked = || declared.checked.clone();
        let scene = Scene {
            schema: sketch.schema,
            declared,
            plain: Environment::new().with(SELF, checked()),
            old: with_old(checked()),
            optional: with_optional(checked()),
            times: times.unwrap_or(REQUEST_BYTES / (declared.least + 1)),
        };
        let rules = rules.iter().enumerate();
        rules
            .map(|(index, rule)| self.rule(&scene, rule, &path.index(index)))
            .collect()
    }

    fn rule(&mut self, scene: &Scene<'_>, rule: &Value, path: &FieldPath) -> Rule {
        let said = |name: &str| rule[name].as_str().unwrap_or("");
        let is_old_optional = rule["optionalOldSelf"] == true;
        let (compiled, uses_old) = compiled(scene, said("rule"), is_old_optional, Returns::Bool);
        let at = path.field("rule");
        let program = match compiled {
            Ok(program) => {
                let cost = scene.cost(&program, uses_old).saturating_mul(scene.times);
                self.within("estimated rule cost", cost, &at);
                Ok(program)
            }
            Err(error) => {
                let told = in_words(&error, "cel expression must evaluate to a bool");
                if !said("rule").trim().is_empty() {
                    self.errors.invalid(&at, rule, told.clone());
                }
                Err(told)
            }
        };
        if uses_old && let Some(lost) = self.lost.first() {
            let detail = format!(
                "oldSelf cannot be used on the uncorrelatable portion of the schema within {lost}"
            );
            self.errors.invalid(&at, said("rule"), detail);
        }
        if !uses_old && program.is_ok() && !rule["optionalOldSelf"].is_null() {
            let detail = "may not be set if oldSelf is not used in rule";
            let at = path.field("optionalOldSelf");
            self.errors.invalid(&at, &rule["optionalOldSelf"], detail);
        }
        let field = field_path::read(said("fieldPath"), scene.schema);
        let field = field.unwrap_or_else(|fault| {
            let detail = format!("fieldPath must be a valid path: {fault}");
            self.errors
                .invalid(&path.field("fieldPath"), said("fieldPath"), detail);
            Vec::new()
        });
        Rule {
            text: said("rule").to_owned(),
            program,
            uses_old,
            is_old_optional,
            message: said("message").to_owned(),
            message_program: self.message(scene, rule, (uses_old, path)),
            reason: said("reason").to_owned(),
            field,
        }
    }

    fn message(
        &mut self,
        scene: &Scene<'_>,
        rule: &Value,
        (uses_old, path): (bool, &FieldPath),
    ) -> Option<Program> {
        let text = rule["messageExpression"].as_str().unwrap_or("");
        if text.trim().is_empty() {
            return None;
        }
        let is_optional = rule["optionalOldSelf"] == true;
        let environment = match (uses_old, is_optional) {
            (false, _) => &scene.plain,
            (true, false) => &scene.old,
            (true, true) => &scene.optional,
        };
        let at = path.field("messageExpression");
        match environment.compile(text, Returns::Text) {
            Ok(program) => {
                let cost = scene.cost(&program, uses_old);
                self.within("estimated messageExpression cost", cost, &at);
                Some(program)
            }
            Err(error) => {
                let told = in_words(&error, "messageExpression must evaluate to a string");
                self.errors.invalid(&at, rule, told);
                None
            }
        }
    }

    fn within(&mut self, what: &str, cost: u64, at: &FieldPath) {
        if cost > RULE_COST {
            let detail = too_costly(what, cost, RULE_COST);
            self.errors.forbidden(at, detail);
        }
        self.costs.push((cost, at.clone()));
    }
}

impl Scene<'_> {
    fn cost(&self, program: &Program, uses_old: bool) -> u64 {
        let environment = if uses_old { &self.old } else { &self.plain };
        environment.estimate(program, |_| Some(self.declared.extent.clone()))
    }
}

/// The program of a rule, and whether it asks for what was there before: only a rule that does not
/// compile without that name does.
fn compiled(
    scene: &Scene<'_>,
    text: &str,
    is_old_optional: bool,
    returns: Returns,
) -> (Result<Program, CompileError>, bool) {
    let plain = scene.plain.compile(text, returns);
    if plain.is_ok() {
        return (plain, false);
    }
    let old = if is_old_optional {
        &scene.optional
    } else {
        &scene.old
    };
    let compiled = old.compile(text, returns);
    let uses_old = compiled.is_ok();
    (compiled, uses_old)
}

/// How often something is evaluated that is in each of so many.
fn more(times: Option<u64>, most: &Value) -> Option<u64> {
    Some(times?.saturating_mul(most.as_u64()?))
}

/// The names that rules may use which ask for what was there before.
fn with_old(of: Type) -> Environment {
    Environment::new().with(SELF, of.clone()).with(OLD_SELF, of)
}

/// The names of rules that hold with and without something before.
fn with_optional(of: Type) -> Environment {
    let old = Type::optional(of.clone());
    Environment::new().with(SELF, of).with(OLD_SELF, old)
}

fn in_words(error: &CompileError, returns: &str) -> String {
    match error {
        CompileError::Returns { .. } => returns.to_owned(),
        CompileError::Issues { .. } => error.to_string(),
    }
}
