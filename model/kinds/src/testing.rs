//! The few doors through which kinds are tested: trees in, text out.

use expect_test::Expect;
use gantry_api::Object;
use gantry_api::field_error::FieldErrors;
use gantry_base::time::Timestamp;
use serde_json::Value;

use crate::describe;
use crate::descriptor::Descriptor;
use crate::kind::Kind;

/// The moment at which all tests look.
pub(crate) const NOW: &str = "2026-01-02T03:04:05Z";

/// A named object of kind `K` with these fields, in namespace `default` if it lives in one.
pub(crate) fn object<K: Kind>(fields: Value) -> Object {
    let kind = describe::<K>();
    let mut object = Object::from_value(fields).unwrap();
    object.set(
        &["apiVersion"],
        kind.names.group_version().to_string().into(),
    );
    object.set(&["kind"], kind.names.kind.as_ref().into());
    if object.name().is_empty() {
        object.set(&["metadata", "name"], "web".into());
    }
    if kind.scope == crate::Scope::Namespaced {
        object.set(&["metadata", "namespace"], "default".into());
    }
    object
}

/// The object as a create leaves it.
pub(crate) fn created<K: Kind>(fields: Value) -> Object {
    let mut object = object::<K>(fields);
    let hooks = describe::<K>().hooks;
    hooks.prepare(&mut object, None).unwrap();
    object
}

/// The object as an update of `old` leaves it.
pub(crate) fn updated<K: Kind>(fields: Value, old: &Object) -> Object {
    let mut object = object::<K>(fields);
    let hooks = describe::<K>().hooks;
    hooks.prepare(&mut object, Some(old)).unwrap();
    object
}

/// What is wrong with a new object.
pub(crate) fn check_create<K: Kind>(fields: Value, expect: &Expect) {
    expect.assert_eq(&faults(&describe::<K>(), &created::<K>(fields), None));
}

/// What is wrong with an update.
pub(crate) fn check_update<K: Kind>(old: Value, new: Value, expect: &Expect) {
    let old = created::<K>(old);
    let new = updated::<K>(new, &old);
    expect.assert_eq(&faults(&describe::<K>(), &new, Some(&old)));
}

/// What is wrong with a status that was written in the place of another.
pub(crate) fn check_status<K: Kind>(old: Value, new: Value, expect: &Expect) {
    let hooks = describe::<K>().hooks;
    let [mut old, mut new] = [old, new].map(object::<K>);
    hooks.default(&mut old).unwrap();
    hooks.default(&mut new).unwrap();
    check_status_change::<K>(&old, |object| *object = new, expect);
}

/// What the writer of a new object is told.
pub(crate) fn warnings<K: Kind>(fields: Value) -> Vec<String> {
    warnings_of(&describe::<K>(), &created::<K>(fields), None)
}

/// What the writer of an object is told that nothing is wrong with.
pub(crate) fn warnings_of(kind: &Descriptor, object: &Object, old: Option<&Object>) -> Vec<String> {
    let mut errors = FieldErrors::new();
    let told = kind.hooks.validate(object, old, &mut errors).unwrap();
    assert!(errors.is_empty(), "{errors:?}");
    told
}

/// What is wrong with a status that was changed through its subresource.
pub(crate) fn check_status_change<K: Kind>(
    old: &Object,
    change: impl FnOnce(&mut Object),
    expect: &Expect,
) {
    let hooks = describe::<K>().hooks;
    let mut new = old.clone();
    change(&mut new);
    hooks.prepare_status(&mut new, old).unwrap();
    let mut errors = FieldErrors::new();
    hooks.validate_status(&new, old, &mut errors).unwrap();
    expect.assert_eq(&told(&errors));
}

fn faults(kind: &Descriptor, object: &Object, old: Option<&Object>) -> String {
    let mut errors = FieldErrors::new();
    kind.hooks.validate(object, old, &mut errors).unwrap();
    told(&errors)
}

/// What is wrong, one finding to a line.
pub(crate) fn told(errors: &FieldErrors) -> String {
    let findings = errors.as_slice().iter();
    findings.map(|error| format!("{error}\n")).collect()
}

/// What the writer of a new object is told.
pub(crate) fn check_warnings<K: Kind>(fields: Value, expect: &Expect) {
    let told = warnings::<K>(fields);
    let lines: String = told.iter().map(|told| format!("{told}\n")).collect();
    expect.assert_eq(&lines);
}

/// What a new object has beyond what its author wrote: one line per field.
pub(crate) fn check_defaults<K: Kind>(fields: Value, expect: &Expect) {
    let written = Value::Object(object::<K>(fields.clone()).0);
    let mut lines = Vec::new();
    added(
        "",
        &created::<K>(fields).into_value(),
        Some(&written),
        &mut lines,
    );
    expect.assert_eq(&lines.concat());
}

fn added(path: &str, value: &Value, written: Option<&Value>, lines: &mut Vec<String>) {
    match value {
        Value::Object(fields) if !fields.is_empty() => {
            for (name, value) in fields {
                let written = written.and_then(|written| written.get(name));
                added(&format!("{path}.{name}"), value, written, lines);
            }
        }
        Value::Array(items) => {
            for (index, value) in items.iter().enumerate() {
                let written = written.and_then(|written| written.get(index));
                added(&format!("{path}[{index}]"), value, written, lines);
            }
        }
        value if written == Some(value) => {}
        Value::Object(_) | Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            lines.push(format!("{} = {value}\n", path.trim_start_matches('.')))
        }
    }
}

/// The row of a stored object, a cell to a line.
pub(crate) fn check_row<K: Kind>(fields: Value, expect: &Expect) {
    let kind = describe::<K>();
    let now: Timestamp = NOW.parse().unwrap();
    let row = kind.hooks.row(&object::<K>(fields), now).unwrap();
    let cell = |(column, cell): (&gantry_api::table::ColumnDefinition, &Value)| {
        let cell = cell
            .as_str()
            .map_or_else(|| cell.to_string(), str::to_owned);
        format!("{}: {cell}\n", column.name)
    };
    let cells: String = kind.columns.iter().zip(&row.cells).map(cell).collect();
    let conditions = row.conditions.iter();
    let remarks: String = conditions
        .map(|told| format!("({} {})\n", told.condition, told.reason))
        .collect();
    expect.assert_eq(&format!("{cells}{remarks}"));
}
