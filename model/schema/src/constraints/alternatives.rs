//! Alternatives: a value must fit all of them, at least one, exactly one, or must not fit.
//!
//! When none fits, the one of which most was right says what is wrong with it.

use gantry_api::FieldError;
use gantry_api::field_error::Fault;
use gantry_base::FieldPath;
use serde_json::Value;

use super::Node;
use super::check::Walk;
use crate::trail::Trail;

impl Walk<'_> {
    /// Checks what a node asks in alternatives.
    pub(super) fn alternatives(
        &mut self,
        node: &Node,
        value: &Value,
        old: Option<&Value>,
        at: &Trail<'_>,
    ) {
        if !node.any_of.is_empty() {
            self.any_of(&node.any_of, value, old, at);
        }
        if !node.one_of.is_empty() {
            self.one_of(&node.one_of, value, old, at);
        }
        if !node.all_of.is_empty() {
            self.all_of(&node.all_of, value, old, at);
        }
        if let Some(not) = &node.not
            && self.tried(not, value, None, at).errors.is_empty()
        {
            self.as_a_whole(at, "must not validate the schema (not)");
        }
        self.right += 2;
    }

    fn any_of(&mut self, nodes: &[Node], value: &Value, old: Option<&Value>, at: &Trail<'_>) {
        let mut best: Option<Walk<'_>> = None;
        for node in nodes {
            let tried = self.tried(node, value, old, at);
            if tried.errors.is_empty() {
                return self.merge(tried);
            }
            best = better(best, tried);
        }
        self.as_a_whole(at, "must validate at least one schema (anyOf)");
        if let Some(best) = best {
            self.merge(best);
        }
    }

    fn one_of(&mut self, nodes: &[Node], value: &Value, old: Option<&Value>, at: &Trail<'_>) {
        let mut best: Option<Walk<'_>> = None;
        let mut fitting = Vec::new();
        for node in nodes {
            let tried = self.tried(node, value, old, at);
            if tried.errors.is_empty() {
                fitting.push(tried);
            } else {
                best = better(best, tried);
            }
        }
        let told = "must validate one and only one schema (oneOf).";
        match (fitting.len(), fitting.pop()) {
            (1, Some(only)) => self.merge(only),
            (0, _) => {
                self.as_a_whole(at, &format!("{told} Found none valid"));
                if let Some(best) = best {
                    self.merge(best);
                }
            }
            (several, _) => {
                self.as_a_whole(at, &format!("{told} Found {several} valid alternatives"));
            }
        }
    }

    fn all_of(&mut self, nodes: &[Node], value: &Value, old: Option<&Value>, at: &Trail<'_>) {
        let mut fitting = 0;
        for node in nodes {
            let tried = self.tried(node, value, old, at);
            fitting += usize::from(tried.errors.is_empty());
            self.merge(tried);
        }
        if fitting == 0 {
            self.as_a_whole(at, "must validate all the schemas (allOf). None validated");
        } else if fitting < nodes.len() {
            self.as_a_whole(at, "must validate all the schemas (allOf)");
        }
    }

    fn tried(&self, node: &Node, value: &Value, old: Option<&Value>, at: &Trail<'_>) -> Self {
        let mut aside = self.aside();
        aside.value(node, value, old, at);
        aside
    }

    /// Says of the value as a whole that it does not fit. Clients know such errors without a field.
    fn as_a_whole(&mut self, at: &Trail<'_>, told: &str) {
        self.push(FieldError {
            fault: Fault::Invalid,
            path: FieldPath::new("<nil>"),
            value: "".into(),
            detail: format!("{:?} {told}", at.path().as_str()),
        });
    }
}

/// The one of which more was right; the first of those that are alike.
fn better<'a>(best: Option<Walk<'a>>, tried: Walk<'a>) -> Option<Walk<'a>> {
    match best {
        Some(best) if tried.right <= best.right => Some(best),
        _ => Some(tried),
    }
}
