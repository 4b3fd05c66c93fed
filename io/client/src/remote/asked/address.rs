//! A request by address, written as method, path, query and body.

use http::Method;
use serde_json::{Value, json};

use gantry_api::GroupVersion;
use gantry_registry::Request;
use gantry_registry::request::{
    DeleteOptions, FieldValidation, Format, Include, Options, PatchType, Verb, View,
};

use super::super::{Call, JSON};
use crate::paths::{Query, escape};

/// The version of all built-in kinds. Within a server, writes by name alone name none and mean the
/// stored one; over the network there must be one, and only built-in kinds are written so.
const BUILT_IN: &str = "v1";

/// The HTTP form of a request.
pub(super) fn call(request: &Request) -> Call {
    let mut call = Call::new(method(request.verb), query(request).on(&path(request)));
    call = call.accept(accept(request));
    match (request.verb, &request.body) {
        (Verb::Delete | Verb::DeleteCollection, _) => {
            let options = delete_options(&request.options.delete).to_string();
            call.body(options, JSON)
        }
        (verb, Some(body)) => call.body(body.bytes.clone(), content_type(verb, body.format)),
        (_, None) => call,
    }
}

const fn method(verb: Verb) -> Method {
    match verb {
        Verb::Get | Verb::List | Verb::Watch => Method::GET,
        Verb::Create => Method::POST,
        Verb::Update => Method::PUT,
        Verb::Patch(_) => Method::PATCH,
        Verb::Delete | Verb::DeleteCollection => Method::DELETE,
    }
}

fn path(request: &Request) -> String {
    let GroupVersion { group, version } = &request.resource.version;
    let version = match version.as_str() {
        "" => BUILT_IN,
        version => version,
    };
    let mut path = if group.is_empty() {
        format!("/api/{version}")
    } else {
        format!("/apis/{group}/{version}")
    };
    let namespace = request.namespace.as_deref();
    let place = namespace.map(|namespace| ["namespaces", namespace]);
    let rest = [Some(request.resource.plural.as_str())];
    let rest = rest
        .into_iter()
        .chain([request.name.as_deref(), request.subresource.as_deref()]);
    let parts = place.into_iter().flatten().chain(rest.flatten());
    for part in parts.filter(|part| !part.is_empty()) {
        path.push('/');
        path.push_str(&escape(part));
    }
    path
}

fn query(request: &Request) -> Query {
    let options = &request.options;
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let query = Query::default()
        .flag("watch", request.verb == Verb::Watch)
        .with("labelSelector", &text(&options.label_selector))
        .with("fieldSelector", &text(&options.field_selector))
        .with("resourceVersion", &text(&options.resource_version))
        .with(
            "resourceVersionMatch",
            &text(&options.resource_version_match),
        )
        .with("limit", &number(options.limit))
        .with("continue", &text(&options.continue_token))
        .with("timeoutSeconds", &number(options.timeout_seconds))
        .flag("allowWatchBookmarks", options.allow_bookmarks)
        .with("sendInitialEvents", &number(options.send_initial_events));
    written(query, options).with("includeObject", include(request.view))
}

/// The options of those who write.
fn written(query: Query, options: &Options) -> Query {
    let validation = match options.field_validation {
        FieldValidation::Ignore => "Ignore",
        FieldValidation::Warn => "",
        FieldValidation::Strict => "Strict",
    };
    query
        .with("dryRun", if options.dry_run { "All" } else { "" })
        .with(
            "fieldManager",
            options.field_manager.as_deref().unwrap_or(""),
        )
        .with("fieldValidation", validation)
        .flag("force", options.force)
}

fn number(value: Option<impl ToString>) -> String {
    value.map(|value| value.to_string()).unwrap_or_default()
}

const fn include(view: View) -> &'static str {
    match view {
        View::Table {
            include: Include::None,
        } => "None",
        View::Table {
            include: Include::Object,
        } => "Object",
        View::Table {
            include: Include::Metadata,
        }
        | View::Object
        | View::PartialMetadata => "",
    }
}

const fn accept(request: &Request) -> &'static str {
    match (request.view, request.verb) {
        (View::Object, _) => JSON,
        (View::Table { .. }, _) => "application/json;as=Table;v=v1;g=meta.k8s.io",
        (View::PartialMetadata, Verb::List) => {
            "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io"
        }
        (View::PartialMetadata, _) => {
            "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io"
        }
    }
}

const fn content_type(verb: Verb, format: Format) -> &'static str {
    match (verb, format) {
        (Verb::Patch(PatchType::Json), _) => "application/json-patch+json",
        (Verb::Patch(PatchType::Merge), _) => "application/merge-patch+json",
        (Verb::Patch(PatchType::StrategicMerge), _) => "application/strategic-merge-patch+json",
        (Verb::Patch(PatchType::Apply), _) => "application/apply-patch+yaml",
        (_, Format::Json) => JSON,
        (_, Format::Yaml) => "application/yaml",
        (_, Format::Protobuf) => "application/vnd.kubernetes.protobuf",
    }
}

/// Preconditions can be said in a body only.
fn delete_options(options: &DeleteOptions) -> Value {
    let mut all = json!({"apiVersion": "v1", "kind": "DeleteOptions"});
    let mut set = |name: &str, value: Value| {
        if !value.is_null() {
            all[name] = value;
        }
    };
    set("gracePeriodSeconds", json!(options.grace_period_seconds));
    set("propagationPolicy", json!(options.propagation_policy));
    set("orphanDependents", json!(options.orphan_dependents));
    set(
        "dryRun",
        if options.dry_run {
            json!(["All"])
        } else {
            Value::Null
        },
    );
    let preconditions: serde_json::Map<String, Value> = [
        ("uid", &options.uid),
        ("resourceVersion", &options.resource_version),
    ]
    .into_iter()
    .filter_map(|(name, value)| Some((name.to_owned(), json!(value.as_ref()?))))
    .collect();
    if !preconditions.is_empty() {
        set("preconditions", Value::Object(preconditions));
    }
    all
}
