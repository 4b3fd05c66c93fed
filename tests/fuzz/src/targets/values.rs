//! Bodies: JSON, YAML and protobuf to values, fitted to the kind that they name.

use gantry_api::yaml;
use gantry_schema::decode::{self, Document, Format};
use gantry_schema::merge::FieldSet;
use gantry_schema::{Schema, TypeRef, encode};
use serde_json::Value;

use super::texts::shape;

/// What JSON and our kinds know.
pub(super) const JSON: &[&str] = &[
    "null",
    "true",
    "false",
    "{}",
    "[]",
    "\"",
    "\":",
    ",\"",
    "\\u0000",
    "\\ud800",
    "\\udc00",
    "\"apiVersion\":\"v1\"",
    "\"apiVersion\":\"apps/v1\"",
    "\"kind\":\"Pod\"",
    "\"kind\":\"Deployment\"",
    "\"kind\":\"List\"",
    "\"metadata\":{",
    "\"spec\":{",
    "\"containers\":[{",
    "\"labels\":{",
    "\"finalizers\":[",
    "\"name\":",
    "\"data\":{",
    "\"creationTimestamp\":null",
    "1e999",
    "-0",
    "{\"a\":",
    "[[",
];
/// What YAML knows.
pub(super) const YAML: &[&str] = &[
    "---\n",
    "...\n",
    "&a ",
    "*a",
    "<<: *a\n",
    "!!str ",
    "!!binary ",
    "!!int ",
    "!x ",
    "|-\n",
    ">+2\n",
    "- ",
    "? ",
    ": ",
    "# ",
    "%YAML 1.1\n",
    "~",
    "yes",
    "0x1f",
    "0o7",
    ".inf",
    ".nan",
    "{a: ",
    "[",
    "\t",
    "\u{feff}",
    "\u{85}",
    "2001-01-01",
    "'",
    "\"",
    "\\x00",
    "apiVersion: v1\n",
    "kind: Pod\n",
    "metadata:\n  ",
    "spec:\n  containers:\n  - ",
];

/// The type of the kind that a document says it is.
fn schema(document: &Document<'_>) -> TypeRef<'static> {
    let version = document.text_at("apiVersion").unwrap_or("");
    named(version, document.text_at("kind").unwrap_or(""))
}

pub(super) fn named(api_version: &str, kind: &str) -> TypeRef<'static> {
    let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
    let schema = Schema::builtin();
    let known = schema.kind(group, version, kind);
    known.unwrap_or_else(|| schema.free())
}

fn text(value: &Value) -> Vec<u8> {
    serde_json::to_vec(value).expect("a value has a text")
}

/// A value that was accepted reads the same when it is written and read again, and has nothing odd
/// in it any more.
fn reads_again(value: &Value, format: Format, written: &[u8]) {
    let again = decode::parse(written, format);
    let again = again
        .expect("what was accepted is accepted again")
        .untyped();
    assert_eq!(again.value, *value, "the same value");
    assert_eq!(again.findings, [], "nothing odd");
}

/// Fits a document to its kind, twice; how that went.
fn fitted(document: Document<'_>) -> String {
    let ty = schema(&document);
    match document.typed(ty) {
        Ok(decoded) => {
            let findings = decoded.findings.len().min(3);
            let told: Vec<String> = decoded.findings.iter().map(ToString::to_string).collect();
            assert!(
                told.iter().all(|one| !one.is_empty()),
                "findings have words"
            );
            let again = decode::value(decoded.value.clone(), ty);
            let again = again.expect("what fits fits again");
            assert_eq!(again.value, decoded.value, "the same value");
            assert_eq!(again.findings, [], "nothing odd");
            format!("fits with {findings} findings")
        }
        Err(error) => shape(&error.to_string()),
    }
}

/// A body in JSON.
pub(super) fn json(input: &[u8]) -> String {
    match decode::parse(input, Format::Json) {
        Ok(document) => {
            let decoded = document.clone().untyped();
            reads_again(&decoded.value, Format::Json, &text(&decoded.value));
            fitted(document)
        }
        Err(error) => shape(&error.to_string()),
    }
}

/// A file in YAML.
pub(super) fn yaml(input: &[u8]) -> String {
    let documents = match decode::documents(input) {
        Ok(documents) => documents,
        Err(error) => return shape(&error.to_string()),
    };
    let many = documents.len().min(3);
    let mut words = vec![format!("{many} documents")];
    for document in documents.into_iter().take(3) {
        let value = document.clone().untyped().value;
        // A text alone could be a document marker; clients only ever print objects.
        if value.is_object() {
            reads_again(&value, Format::Yaml, yaml::write(&value).as_bytes());
        }
        words.push(fitted(document));
    }
    words.join("; ")
}

/// A body in protobuf.
pub(super) fn protobuf(input: &[u8]) -> String {
    let document = match decode::parse(input, Format::Protobuf) {
        Ok(document) => document,
        Err(error) => return shape(&error.to_string()),
    };
    let ty = schema(&document);
    let read = match document.typed(ty) {
        Ok(decoded) => decoded.value,
        Err(error) => return shape(&error.to_string()),
    };
    match encode::object(&text(&read)) {
        Ok(written) => {
            let again = decode::parse(&written, Format::Protobuf);
            let again = again.expect("what was written is read").typed(ty);
            let again = again.expect("and fits").value;
            assert_eq!(again, read, "the same value");
            "reads and writes".to_owned()
        }
        Err(error) => shape(&format!("{error:?}")),
    }
}

/// What a manager owns, as it stands in `managedFields`.
pub(super) fn managed_fields(input: &[u8]) -> String {
    let Ok(document) = decode::parse(input, Format::Json) else {
        return "no JSON".to_owned();
    };
    match FieldSet::from_fields_v1(&document.untyped().value) {
        Ok(set) => {
            let written = set.to_fields_v1();
            let again = FieldSet::from_fields_v1(&written).expect("what was written is read");
            assert_eq!(again.to_fields_v1(), written, "the same set");
            let all = set.clone().union(again.clone());
            assert_eq!(all.to_fields_v1(), written, "with itself it is itself");
            let rest = set.difference(&again).to_fields_v1();
            assert_eq!(rest, serde_json::json!({}), "without itself it is nothing");
            format!("{} fields", again.shown().len().min(5))
        }
        Err(error) => shape(&error.to_string()),
    }
}
