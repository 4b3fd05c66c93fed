//! The field that a rule tells of when it is not true: a path of names below the place of the rule,
//! such as `.spec.parts['a.b']`.

use serde_json::Value;

use super::Step;
use super::declared::property;

/// The steps of a path that leads to a field of the schema, or why it is none.
pub(super) fn read(path: &str, schema: &Value) -> Result<Vec<Step>, String> {
    let mut steps = Vec::new();
    let mut schema = schema;
    let mut rest = path.trim();
    while !rest.is_empty() {
        let (name, after) = next(rest)?;
        if let Some(own) = property(schema, &name) {
            steps.push(Step::Field(name));
            schema = own;
        } else if let Some(own) = schema
            .get("additionalProperties")
            .filter(|own| own.is_object())
        {
            steps.push(Step::Key(name));
            schema = own;
        } else {
            return Err(format!("does not refer to a valid field: {name:?}"));
        }
        rest = after;
    }
    Ok(steps)
}

/// The first name of a path, and what comes after it.
fn next(path: &str) -> Result<(String, &str), String> {
    if let Some(rest) = path.strip_prefix("['") {
        let (name, rest) = rest
            .split_once("']")
            .ok_or("unterminated name in brackets")?;
        return Ok((name.to_owned(), rest));
    }
    let Some(rest) = path.strip_prefix('.') else {
        return Err(format!("expected [ or . but got: {path}"));
    };
    let end = rest.find(['.', '[']).unwrap_or(rest.len());
    let (name, rest) = rest.split_at(end);
    if name.is_empty() {
        return Err("expected a name behind the point".to_owned());
    }
    Ok((name.to_owned(), rest))
}
