//! What can be done at each path, as published: clients learn from it which options they may use.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{DeleteOptions, Status};
use schemars::JsonSchema;
use serde_json::{Map, Value, json};

use gantry_kinds::{Descriptor, Scope, Subresource};

use super::definitions::{list_name, named, spoken_name};
use super::dialect::Dialect;

const JSON: &[&str] = &["application/json", "application/yaml"];
const PATCHES: &[&str] = &[
    "application/json-patch+json",
    "application/merge-patch+json",
    "application/strategic-merge-patch+json",
    "application/apply-patch+yaml",
];

/// An option of the query: its name, its type, what it does.
type Query = (&'static str, &'static str, &'static str);

const DRY_RUN: Query = (
    "dryRun",
    "string",
    "All: decide everything and keep nothing.",
);
const MANAGER: Query = (
    "fieldManager",
    "string",
    "In whose name the fields are managed.",
);
const VALIDATION: Query = (
    "fieldValidation",
    "string",
    "What to do about unknown and duplicate fields: Ignore, Warn (the default) or Strict.",
);
const FORCE: Query = (
    "force",
    "boolean",
    "Whether to take fields over from other managers.",
);
const READS: &[Query] = &[];
const WRITES: &[Query] = &[DRY_RUN, MANAGER, VALIDATION];
const PATCHING: &[Query] = &[DRY_RUN, MANAGER, VALIDATION, FORCE];
const LISTS: &[Query] = &[
    (
        "allowWatchBookmarks",
        "boolean",
        "Whether a watcher wants bookmarks.",
    ),
    (
        "continue",
        "string",
        "Where the previous part of the list ended.",
    ),
    (
        "fieldSelector",
        "string",
        "Which fields the objects must have.",
    ),
    (
        "labelSelector",
        "string",
        "Which labels the objects must carry.",
    ),
    ("limit", "integer", "At most so many objects."),
    (
        "resourceVersion",
        "string",
        "The revision to read at, or to follow from.",
    ),
    (
        "resourceVersionMatch",
        "string",
        "How that revision is meant: Exact or NotOlderThan.",
    ),
    (
        "sendInitialEvents",
        "boolean",
        "Whether a watch begins with what is there.",
    ),
    (
        "timeoutSeconds",
        "integer",
        "End the watch after so many seconds.",
    ),
    ("watch", "boolean", "Follow the changes instead of listing."),
];
const DELETES: &[Query] = &[
    DRY_RUN,
    (
        "gracePeriodSeconds",
        "integer",
        "How long to wait for an orderly end.",
    ),
    (
        "orphanDependents",
        "boolean",
        "The older form of propagationPolicy.",
    ),
    (
        "propagationPolicy",
        "string",
        "What happens to dependents: Orphan, Background, Foreground.",
    ),
];

/// What an operation is, in the words that published schemas use.
struct Operation {
    method: &'static str,
    verb: &'static str,
    action: &'static str,
    query: &'static [Query],
    body: Option<&'static [&'static str]>,
}

const fn operation(
    method: &'static str,
    verb: &'static str,
    action: &'static str,
    query: &'static [Query],
    body: Option<&'static [&'static str]>,
) -> Operation {
    Operation {
        method,
        verb,
        action,
        query,
        body,
    }
}

const LIST: &[Operation] = &[operation("get", "list", "list", LISTS, None)];
const ON_COLLECTION: &[Operation] = &[
    operation("get", "list", "list", LISTS, None),
    operation("post", "create", "post", WRITES, Some(JSON)),
    operation(
        "delete",
        "deletecollection",
        "deletecollection",
        DELETES,
        Some(JSON),
    ),
];
const ON_OBJECT: &[Operation] = &[
    operation("get", "get", "get", READS, None),
    operation("put", "update", "put", WRITES, Some(JSON)),
    operation("patch", "patch", "patch", PATCHING, Some(PATCHES)),
    operation("delete", "delete", "delete", DELETES, Some(JSON)),
];
const ON_PART: &[Operation] = &[
    operation("get", "get", "get", READS, None),
    operation("post", "create", "post", WRITES, Some(JSON)),
    operation("put", "update", "put", WRITES, Some(JSON)),
    operation("patch", "patch", "patch", PATCHING, Some(PATCHES)),
];

/// One path while it is described.
struct Place<'a> {
    kind: &'a Descriptor,
    dialect: Dialect,
    /// The definition of what is written and read here.
    schema: String,
    /// The kind of what is written and read here.
    spoken: Value,
    /// What operation ids end in.
    label: String,
}

/// All paths of `kinds`.
pub(super) fn paths(kinds: &[&Descriptor], dialect: Dialect) -> Value {
    let mut paths = Map::new();
    for kind in kinds {
        let base = format!("/{}", super::root(&kind.names.group_version()));
        let plural = &kind.names.plural;
        let place = place(kind, dialect);
        if kind.scope == Scope::Cluster {
            object_paths(&place, &format!("{base}/{plural}"), &mut paths);
            continue;
        }
        let inside = format!("{base}/namespaces/{{namespace}}/{plural}");
        object_paths(&place, &inside, &mut paths);
        if kind.verbs.allow("list") {
            let path = format!("{base}/{plural}");
            let everywhere = describe(&place, LIST, (&path, &["list"]), "ForAllNamespaces");
            paths.insert(path, everywhere);
        }
    }
    Value::Object(paths)
}

fn place(kind: &Descriptor, dialect: Dialect) -> Place<'_> {
    Place {
        kind,
        dialect,
        schema: kind.definition.to_string(),
        spoken: named(kind, &kind.names.kind),
        label: kind.names.kind.to_string(),
    }
}

fn object_paths(place: &Place<'_>, collection: &str, paths: &mut Map<String, Value>) {
    let verbs = place.kind.verbs.names();
    paths.insert(
        collection.to_owned(),
        describe(place, ON_COLLECTION, (collection, verbs), ""),
    );
    if !place.kind.verbs.allow("get") {
        return;
    }
    let object = format!("{collection}/{{name}}");
    paths.insert(
        object.clone(),
        describe(place, ON_OBJECT, (&object, verbs), ""),
    );
    for part in &place.kind.subresources {
        let path = format!("{object}/{}", part.name());
        let described = describe(&part_of(place, *part), ON_PART, (&path, part.verbs()), "");
        paths.insert(path, described);
    }
}

fn part_of<'a>(place: &Place<'a>, part: Subresource) -> Place<'a> {
    let kind = place.kind;
    let spoken = part
        .speaks(&kind.names.kind)
        .map(|(group, version, kind)| json!({"group": group, "version": version, "kind": kind}));
    Place {
        kind,
        dialect: place.dialect,
        schema: spoken_name(part).unwrap_or_else(|| place.schema.clone()),
        spoken: spoken.unwrap_or_else(|| place.spoken.clone()),
        label: format!("{}{}", place.label, capital(part.name())),
    }
}

/// The operations at one path, with the parameters that they share.
fn describe(
    place: &Place<'_>,
    known: &[Operation],
    (path, verbs): (&str, &[&str]),
    suffix: &str,
) -> Value {
    let mut described = Map::new();
    let named = ["namespace", "name"]
        .into_iter()
        .filter(|name| path.contains(&format!("{{{name}}}")));
    let named: Vec<Value> = named
        .map(|name| {
            place
                .dialect
                .parameter(name, "path", "string", "The name in the path.")
        })
        .collect();
    described.insert("parameters".to_owned(), Value::from(named));
    for operation in known
        .iter()
        .filter(|operation| verbs.contains(&operation.verb))
    {
        described.insert(
            operation.method.to_owned(),
            describe_one(place, operation, suffix),
        );
    }
    Value::Object(described)
}

fn describe_one(place: &Place<'_>, operation: &Operation, suffix: &str) -> Value {
    let dialect = place.dialect;
    let queries = operation.query.iter();
    let parameters: Vec<Value> = queries
        .map(|(name, kind, about)| dialect.parameter(name, "query", kind, about))
        .collect();
    let mut described = json!({
        "operationId": operation_id(place, operation, suffix),
        "x-kubernetes-action": operation.action,
        "x-kubernetes-group-version-kind": place.spoken,
        "parameters": parameters,
        "responses": responses(place, operation),
    });
    if dialect == Dialect::Second {
        described["produces"] = json!(["application/json"]);
        described["schemes"] = json!(["https"]);
    }
    if let Some(types) = operation.body {
        let schema = match operation.verb {
            "patch" => json!({"type": "object"}),
            "delete" | "deletecollection" => dialect.schema_of(&DeleteOptions::schema_name()),
            _ => dialect.schema_of(&place.schema),
        };
        dialect.take_body(&mut described, &schema, types);
    }
    described
}

fn responses(place: &Place<'_>, operation: &Operation) -> Value {
    let dialect = place.dialect;
    let schema = match operation.verb {
        "list" => dialect.schema_of(&list_name(place.kind)),
        "delete" | "deletecollection" => dialect.schema_of(&Status::schema_name()),
        _ => dialect.schema_of(&place.schema),
    };
    match operation.verb {
        "create" => json!({
            "200": dialect.response("OK", &schema),
            "201": dialect.response("Created", &schema),
            "401": {"description": "Unauthorized"},
        }),
        _ => json!({
            "200": dialect.response("OK", &schema),
            "401": {"description": "Unauthorized"},
        }),
    }
}

/// A name that no other operation has, such as `createAppsV1NamespacedDeployment`.
fn operation_id(place: &Place<'_>, operation: &Operation, suffix: &str) -> String {
    let names = &place.kind.names;
    let group = match names.group.split('.').next().unwrap_or("") {
        "" => "core",
        group => group,
    };
    let verb = match operation.verb {
        "get" => "read",
        "update" => "replace",
        "deletecollection" => "deleteCollection",
        verb => verb,
    };
    let scope = match place.kind.scope {
        Scope::Namespaced if suffix.is_empty() => "Namespaced",
        Scope::Namespaced | Scope::Cluster => "",
    };
    let (group, version) = (capital(group), capital(&names.version));
    format!("{verb}{group}{version}{scope}{}{suffix}", place.label)
}

fn capital(word: &str) -> String {
    let mut letters = word.chars();
    let first = letters.next().map(|letter| letter.to_ascii_uppercase());
    first.into_iter().chain(letters).collect()
}
