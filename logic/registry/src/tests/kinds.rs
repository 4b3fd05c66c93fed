//! Every kind through everything that can be asked of it. What is asked follows from the
//! descriptors; what it is asked of lies in `examples/`.
//!
//! An example is a file named after its resource: a small valid object; before it, objects of other
//! kinds that must be there first; behind it, for a kind with a status, `status:` as an observer
//! would write it.

#![expect(
    clippy::disallowed_methods,
    reason = "the examples are files; only the library under test keeps away from files"
)]

mod applied;
mod asked;
mod encoded;
mod shown;
mod written;

use std::collections::BTreeSet;
use std::path::Path;

use gantry_kinds::{Descriptor, Scope, Subresource};
use gantry_schema::decode::documents;
use serde_json::{Value, json};

use super::{Server, request};
use crate::Request;
use crate::request::FieldValidation;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/tests/examples");
/// The annotation that the tests write.
const STEP: &str = "example.com/step";

/// A kind, an object of it, and what else its file holds.
struct Example {
    kind: Descriptor,
    needs: Vec<Value>,
    object: Value,
    status: Option<Value>,
}

/// The name of a kind's file, without its ending.
fn file_of(kind: &Descriptor) -> String {
    let names = &kind.names;
    if kind.native || kind.storage != names.resource() {
        return names.resource().to_string();
    }
    // Versions that are stored in the form of another have files of their own.
    format!("{}.{}.{}", names.plural, names.version, names.group)
}

fn read(kind: &Descriptor) -> Option<Example> {
    let file = Path::new(FOLDER).join(file_of(kind) + ".yaml");
    let text = std::fs::read(&file).ok()?;
    let documents = documents(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    let mut example = Example {
        kind: kind.clone(),
        needs: Vec::new(),
        object: Value::Null,
        status: None,
    };
    for document in documents {
        let value = document.untyped().value;
        if value.get("kind").is_none() {
            example.status = Some(value);
        } else if value["kind"] == *kind.names.kind
            && value["apiVersion"] == kind.names.group_version().to_string()
        {
            example.object = value;
        } else {
            example.needs.push(value);
        }
    }
    (!example.object.is_null()).then_some(example)
}

/// All examples for which `wanted` holds.
fn examples(wanted: impl Fn(&Descriptor) -> bool) -> Vec<Example> {
    let kinds = gantry_kinds::builtin();
    let kinds = kinds.iter().filter(|kind| wanted(kind));
    kinds.filter_map(read).collect()
}

/// The kinds whose objects are kept.
fn stored(kind: &Descriptor) -> bool {
    kind.verbs.keep()
}

#[test]
fn every_kind_has_an_example_and_every_example_a_kind() {
    let kinds = gantry_kinds::builtin();
    let has_status = |kind: &Descriptor| kind.subresources.contains(&Subresource::Status);
    let lacks = |kind: &Descriptor| match read(kind) {
        // Nobody makes such objects.
        _ if !kind.verbs.allow("create") => None,
        None => Some(format!(
            "{}.yaml: a small valid {}",
            file_of(kind),
            kind.names.kind
        )),
        Some(example) if example.status.is_none() && has_status(kind) => {
            Some(format!("{}.yaml: `status:` behind it", file_of(kind)))
        }
        Some(_) => None,
    };
    let missing: Vec<String> = kinds.iter().filter_map(lacks).collect();
    assert!(missing.is_empty(), "write into {FOLDER}: {missing:#?}");

    let known: BTreeSet<String> = kinds.iter().map(|kind| file_of(kind) + ".yaml").collect();
    let files = std::fs::read_dir(FOLDER).unwrap();
    let files = files.map(|file| file.unwrap().file_name().into_string().unwrap());
    let strays: Vec<String> = files.filter(|file| !known.contains(file)).collect();
    assert!(strays.is_empty(), "no kind is called like {strays:?}");
}

impl Example {
    /// A server on which the example can be made.
    fn server(&self) -> Server {
        let mut server = Server::new();
        for needed in &self.needs {
            let all = gantry_kinds::builtin();
            let kind = all.iter().find(|kind| {
                needed["kind"] == *kind.names.kind
                    && needed["apiVersion"] == kind.names.group_version().to_string()
            });
            let kind = kind.unwrap_or_else(|| panic!("no such kind: {needed}"));
            server.ok(request(&line("create", kind, "", "")), Some(needed.clone()));
        }
        server
    }

    /// A server that has the example, and the example as it was made.
    fn made(&self) -> (Server, Value) {
        let mut server = self.server();
        let mut creation = self.request("create");
        creation.options.field_validation = FieldValidation::Strict;
        let made = server.ok(creation, Some(self.object.clone()));
        (server, bare(made))
    }

    fn name(&self) -> &str {
        self.object["metadata"]["name"].as_str().unwrap_or("")
    }

    /// A request for the whole collection, or for the example, as the verb has it.
    fn request(&self, verb: &str) -> Request {
        self.part(verb, "")
    }

    fn part(&self, verb: &str, part: &str) -> Request {
        let of_many = ["create", "list", "watch", "deletecollection"].contains(&verb);
        let name = if of_many { "" } else { self.name() };
        request(&line(verb, &self.kind, part, name))
    }

    fn with(&self, verb: &str, change: impl FnOnce(&mut crate::Options)) -> Request {
        let mut request = self.request(verb);
        change(&mut request.options);
        request
    }

    fn has(&self, part: Subresource) -> bool {
        self.kind.subresources.contains(&part)
    }
}

fn line(verb: &str, kind: &Descriptor, part: &str, name: &str) -> String {
    let names = &kind.names;
    let slash = if part.is_empty() { "" } else { "/" };
    let place = match kind.scope {
        Scope::Cluster => name.to_owned(),
        Scope::Namespaced => format!("default/{name}"),
    };
    let (version, plural) = (names.group_version(), &names.plural);
    format!("{verb} {version} {plural}{slash}{part} {place}")
}

/// A patch that writes the tests' annotation.
fn step(value: impl Into<Value>) -> Value {
    json!({"metadata": {"annotations": {STEP: value.into()}}})
}

fn step_of(object: &Value) -> &Value {
    &object["metadata"]["annotations"][STEP]
}

/// An answer without the remarks that came with it.
fn bare(mut answer: Value) -> Value {
    answer.as_object_mut().unwrap().remove("WARNINGS");
    answer
}

/// Whether `whole` holds all that `part` does.
fn holds(whole: &Value, part: &Value) -> bool {
    match (whole, part) {
        (Value::Object(whole), Value::Object(part)) => part
            .iter()
            .all(|(name, part)| whole.get(name).is_some_and(|whole| holds(whole, part))),
        (Value::Array(whole), Value::Array(part)) => part
            .iter()
            .all(|part| whole.iter().any(|whole| holds(whole, part))),
        (whole, part) => whole == part,
    }
}
