//! What can be done at each path, as published: clients learn from it which options they may use.

mod served;
mod verbs;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{DeleteOptions, Status};
use schemars::JsonSchema;
use serde_json::{Map, Value, json};

use gantry_kinds::{Descriptor, Scope, Subresource};

use super::definitions::{self, list_name, named, spoken_name};
use super::dialect::Dialect;
pub(super) use served::{paths as served, publish as publish_served};
use verbs::Operation;

/// What the ids of operations over all namespaces end in.
const EVERYWHERE: &str = "ForAllNamespaces";

/// One path while it is described.
struct Place<'a> {
    kind: &'a Descriptor,
    dialect: Dialect,
    /// What is written and read here.
    schema: Value,
    /// The kind of what is written and read here.
    spoken: Value,
    /// What operation ids name it, and what they end in.
    label: String,
    suffix: &'static str,
}

/// All paths of `kinds`.
pub(super) fn paths(kinds: &[&Descriptor], dialect: Dialect) -> Map<String, Value> {
    let mut paths = Map::new();
    for kind in kinds {
        let base = format!("/{}", super::root(&kind.names.group_version()));
        let plural = &kind.names.plural;
        let place = place(kind, dialect);
        if kind.scope == Scope::Cluster {
            object_paths(&place, (&base, plural), &mut paths);
            continue;
        }
        let inside = format!("namespaces/{{namespace}}/{plural}");
        object_paths(&place, (&base, &inside), &mut paths);
        if kind.verbs.allow("list") {
            let place = Place {
                suffix: EVERYWHERE,
                ..place
            };
            add(&place, verbs::LIST, format!("{base}/{plural}"), &mut paths);
            let path = format!("{base}/watch/{plural}");
            add(&place, verbs::WATCH_MANY, path, &mut paths);
        }
    }
    paths
}

fn place(kind: &Descriptor, dialect: Dialect) -> Place<'_> {
    Place {
        kind,
        dialect,
        schema: dialect.schema_of(&kind.definition),
        spoken: named(kind, &kind.names.kind),
        label: kind.names.kind.to_string(),
        suffix: "",
    }
}

fn object_paths(place: &Place<'_>, (base, inside): (&str, &str), paths: &mut Map<String, Value>) {
    let collection = format!("{base}/{inside}");
    let object = format!("{collection}/{{name}}");
    let watched = format!("{base}/watch/{inside}");
    add(
        place,
        verbs::WATCH_ONE,
        format!("{watched}/{{name}}"),
        paths,
    );
    add(place, verbs::WATCH_MANY, watched, paths);
    add(place, verbs::ON_COLLECTION, collection, paths);
    add(place, verbs::ON_OBJECT, object.clone(), paths);
    for part in &place.kind.subresources {
        let path = format!("{object}/{}", part.name());
        let mut place = part_of(place, *part);
        if *part == Subresource::Proxy {
            place.suffix = "WithPath";
            add_part(&place, *part, format!("{path}/{{path}}"), paths);
            place.suffix = "";
        }
        add_part(&place, *part, path, paths);
    }
}

fn part_of<'a>(place: &Place<'a>, part: Subresource) -> Place<'a> {
    let kind = place.kind;
    let spoken = part
        .speaks(&kind.names.kind)
        .map(|(group, version, kind)| json!({"group": group, "version": version, "kind": kind}));
    let schema = match part {
        Subresource::Attach
        | Subresource::Exec
        | Subresource::Log
        | Subresource::PortForward
        | Subresource::Proxy => json!({"type": "string"}),
        Subresource::Approval
        | Subresource::Binding
        | Subresource::EphemeralContainers
        | Subresource::Eviction
        | Subresource::Finalize
        | Subresource::Resize
        | Subresource::Scale
        | Subresource::Status
        | Subresource::Token => spoken_name(part).map_or_else(
            || place.schema.clone(),
            |name| place.dialect.schema_of(&name),
        ),
    };
    Place {
        kind,
        dialect: place.dialect,
        schema,
        spoken: spoken.unwrap_or_else(|| place.spoken.clone()),
        label: format!("{}{}", place.label, capital(part.name())),
        suffix: "",
    }
}

/// Describes a path by those of `known` that the kind has, if there are any.
fn add(place: &Place<'_>, known: &[Operation], path: String, paths: &mut Map<String, Value>) {
    let has = |operation: &&Operation| place.kind.verbs.allow(operation.verb);
    insert(place, known.iter().filter(has), path, paths);
}

/// The same for a path that leads to a part of an object.
fn add_part(place: &Place<'_>, part: Subresource, path: String, paths: &mut Map<String, Value>) {
    let known = match part {
        Subresource::Proxy => verbs::ON_PROXY,
        Subresource::Attach | Subresource::Exec | Subresource::PortForward => {
            verbs::ON_CONVERSATION
        }
        Subresource::Approval
        | Subresource::Binding
        | Subresource::EphemeralContainers
        | Subresource::Eviction
        | Subresource::Finalize
        | Subresource::Log
        | Subresource::Resize
        | Subresource::Scale
        | Subresource::Status
        | Subresource::Token => verbs::ON_PART,
    };
    let has = |operation: &&Operation| part.verbs().contains(&operation.verb);
    insert(place, known.iter().filter(has), path, paths);
}

fn insert<'o>(
    place: &Place<'_>,
    operations: impl Iterator<Item = &'o Operation>,
    path: String,
    paths: &mut Map<String, Value>,
) {
    let mut described: Map<String, Value> = operations
        .map(|operation| (operation.method.to_owned(), describe(place, operation)))
        .collect();
    if described.is_empty() {
        return;
    }
    described.insert("parameters".to_owned(), parameters(place.dialect, &path));
    paths.insert(path, Value::Object(described));
}

/// The parameters that all operations at a path share.
fn parameters(dialect: Dialect, path: &str) -> Value {
    let named = ["namespace", "name", "path"]
        .into_iter()
        .filter(|name| path.contains(&format!("{{{name}}}")));
    let mut shared: Vec<Value> = named
        .map(|name| dialect.parameter(name, "path", "string", "The name in the path."))
        .collect();
    let about = "Whether the answer is indented for people.";
    shared.push(dialect.parameter("pretty", "query", "string", about));
    Value::from(shared)
}

fn describe(place: &Place<'_>, operation: &Operation) -> Value {
    let dialect = place.dialect;
    let queries = operation.query.iter();
    let parameters: Vec<Value> = queries
        .map(|(name, kind, about)| dialect.parameter(name, "query", kind, about))
        .collect();
    let mut described = json!({
        "operationId": operation_id(place, operation),
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
        let deletes = operation.method == "delete";
        let schema = match operation.action {
            "patch" => json!({"type": "object"}),
            _ if deletes => dialect.schema_of(&DeleteOptions::schema_name()),
            _ => place.schema.clone(),
        };
        let is_known = |name: &&str| place.kind.merges_lists || *name != verbs::MERGING_LISTS;
        let types: Vec<&str> = types.iter().copied().filter(is_known).collect();
        dialect.take_body(&mut described, &schema, &types, !deletes);
    }
    described
}

fn responses(place: &Place<'_>, operation: &Operation) -> Value {
    let dialect = place.dialect;
    let schema = match operation.action {
        "list" => dialect.schema_of(&list_name(place.kind)),
        "watch" | "watchlist" => dialect.schema_of(definitions::WATCH_EVENT),
        "delete" | "deletecollection" => dialect.schema_of(&Status::schema_name()),
        _ => place.schema.clone(),
    };
    let codes: &[(&str, &str)] = match operation.action {
        "post" => &[("200", "OK"), ("201", "Created"), ("202", "Accepted")],
        "put" | "patch" => &[("200", "OK"), ("201", "Created")],
        "delete" => &[("200", "OK"), ("202", "Accepted")],
        _ => &[("200", "OK")],
    };
    let mut responses = json!({"401": {"description": "Unauthorized"}});
    for (code, about) in codes {
        responses[*code] = dialect.response(about, &schema);
    }
    responses
}

/// A name that no other operation has, such as `createAppsV1NamespacedDeployment`.
fn operation_id(place: &Place<'_>, operation: &Operation) -> String {
    let names = &place.kind.names;
    let version = format!("{}{}", group_label(&names.group), capital(&names.version));
    let scope = match place.kind.scope {
        Scope::Namespaced if place.suffix != EVERYWHERE => "Namespaced",
        Scope::Namespaced | Scope::Cluster => "",
    };
    let (label, suffix) = (&place.label, place.suffix);
    let verb = match operation.action {
        "connect" => {
            let method = capital(operation.method);
            return format!("connect{version}{method}{scope}{label}{suffix}");
        }
        "deletecollection" => return format!("delete{version}Collection{scope}{label}"),
        "watchlist" => return format!("watch{version}{scope}{label}List{suffix}"),
        "get" => "read",
        "post" => "create",
        "put" => "replace",
        action => action,
    };
    format!("{verb}{version}{scope}{label}{suffix}")
}

/// A group as operation ids name it, such as `RbacAuthorization`.
fn group_label(group: &str) -> String {
    match group.strip_suffix(".k8s.io").unwrap_or(group) {
        "" => "Core".to_owned(),
        own => own.split('.').map(capital).collect(),
    }
}

fn capital(word: &str) -> String {
    let mut letters = word.chars();
    let first = letters.next().map(|letter| letter.to_ascii_uppercase());
    first.into_iter().chain(letters).collect()
}
