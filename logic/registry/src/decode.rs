//! From a body to an object of the kind that the path names.
//!
//! Fields that nobody knows are dropped, remarked on or refused, as the client asked; a body of
//! another kind is always refused.

use serde_json::Value;

use gantry_api::{Object, Rejection};
use gantry_kinds::Descriptor;
use gantry_schema::decode::{self, Decoded, Document};
use gantry_schema::{Finding, KindType, Schema, TypeRef};

use crate::call::Call;
use crate::encoding::Encoding;
use crate::options;
use crate::request::{Body, DeleteOptions, FieldValidation};

/// A kind as bodies name it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Expected<'a> {
    pub(crate) group: &'a str,
    pub(crate) version: &'a str,
    pub(crate) kind: &'a str,
    /// The type of its objects, when it is not the built-in one of that name.
    pub(crate) schema: Option<&'a KindType>,
}

impl<'a> Expected<'a> {
    pub(crate) fn of(kind: &'a Descriptor) -> Self {
        Self {
            group: &kind.names.group,
            version: &kind.names.version,
            kind: &kind.names.kind,
            schema: Some(&kind.schema),
        }
    }

    fn api_version(&self) -> String {
        if self.group.is_empty() {
            self.version.to_owned()
        } else {
            format!("{}/{}", self.group, self.version)
        }
    }

    /// The schema of the kind.
    pub(crate) fn schema(&self) -> TypeRef<'a> {
        if let Some(own) = self.schema {
            return own.get();
        }
        let schema = Schema::builtin();
        schema
            .kind(self.group, self.version, self.kind)
            .unwrap_or_else(|| schema.free())
    }
}

/// The object in the body, which must be of the call's own kind.
pub(crate) fn object(call: &mut Call<'_>) -> Result<Object, Rejection> {
    let expected = Expected::of(call.kind);
    object_as(call, expected)
}

/// The object in the body, which must be of the kind `expected`.
pub(crate) fn object_as(call: &mut Call<'_>, expected: Expected<'_>) -> Result<Object, Rejection> {
    let body = body(call.request.body.as_ref())?;
    let document = decode::parse(&body.bytes, body.format).map_err(bad)?;
    check_kind(&document, expected)?;
    let decoded = document
        .typed(expected.schema())
        .map_err(|error| cannot_be_handled(expected, &error))?;
    accept(call, decoded, expected)
}

/// A tree made by a patch, fitted to the kind.
pub(crate) fn fitted(
    call: &mut Call<'_>,
    tree: Value,
    expected: Expected<'_>,
) -> Result<Object, Rejection> {
    let decoded = decode::value(tree, expected.schema())
        .map_err(|error| cannot_be_handled(expected, &error))?;
    accept(call, decoded, expected)
}

/// A tree that somebody else made, made to fit the kind: what does not belong there is dropped.
pub(crate) fn made_to_fit(tree: Value, expected: Expected<'_>) -> Result<Object, Rejection> {
    let decoded = decode::value(tree, expected.schema())
        .map_err(|error| cannot_be_handled(expected, &error))?;
    named(decoded.value, expected)
}

/// The body as it is written, for patches.
pub(crate) fn tree(call: &mut Call<'_>) -> Result<Value, Rejection> {
    let body = body(call.request.body.as_ref())?;
    let document = decode::parse(&body.bytes, body.format).map_err(bad)?;
    let decoded = document.untyped();
    report(call, &decoded.findings, Expected::of(call.kind))?;
    Ok(decoded.value)
}

/// The options in the body of a delete, completed by those in the query.
pub(crate) fn delete_options(call: &Call<'_>) -> Result<DeleteOptions, Rejection> {
    let query = &call.request.options.delete;
    let Some(body) = call
        .request
        .body
        .as_ref()
        .filter(|body| !body.bytes.is_empty())
    else {
        options::check_delete(query)?;
        return Ok(query.clone());
    };
    let document = decode::parse(&body.bytes, body.format).map_err(bad)?;
    let expected = Expected {
        group: "",
        version: "v1",
        kind: "DeleteOptions",
        schema: None,
    };
    let kind = document.text_at("kind").unwrap_or("");
    if !kind.is_empty() && kind != expected.kind {
        return Err(Rejection::bad_request(format!(
            "the kind in the data ({kind}) does not match the expected kind (DeleteOptions)"
        )));
    }
    let decoded = document.typed(expected.schema());
    let value = decoded
        .map_err(|error| cannot_be_handled(expected, &error))?
        .value;
    let options = options_in(&value, query);
    options::check_delete(&options)?;
    Ok(options)
}

pub(crate) fn options_in(value: &Value, query: &DeleteOptions) -> DeleteOptions {
    let text = |value: Option<&Value>| Some(value?.as_str()?.to_owned());
    let preconditions = value.get("preconditions");
    let precondition = |name: &str| text(preconditions.and_then(|known| known.get(name)));
    let dry_run = value.get("dryRun").and_then(Value::as_array);
    DeleteOptions {
        grace_period_seconds: value
            .get("gracePeriodSeconds")
            .and_then(Value::as_i64)
            .or(query.grace_period_seconds),
        propagation_policy: text(value.get("propagationPolicy"))
            .or_else(|| query.propagation_policy.clone()),
        orphan_dependents: value
            .get("orphanDependents")
            .and_then(Value::as_bool)
            .or(query.orphan_dependents),
        uid: precondition("uid").or_else(|| query.uid.clone()),
        resource_version: precondition("resourceVersion")
            .or_else(|| query.resource_version.clone()),
        dry_run: query.dry_run || dry_run.is_some_and(|list| list.iter().any(|word| word == "All")),
    }
}

fn body(body: Option<&Body>) -> Result<&Body, Rejection> {
    body.filter(|body| !body.bytes.is_empty()).ok_or_else(|| {
        Rejection::bad_request("the request has no body: send the object as JSON or YAML")
    })
}

/// Refuses a body that says that it is of another kind. One that does not say is taken for what the
/// path names, as many client libraries expect.
fn check_kind(document: &Document<'_>, expected: Expected<'_>) -> Result<(), Rejection> {
    let wanted = expected.api_version();
    // Who leaves out what the path says means that.
    let given = document
        .text_at("apiVersion")
        .filter(|text| !text.is_empty());
    let given = given.unwrap_or(&wanted);
    let kind = document.text_at("kind").unwrap_or("");
    if !kind.is_empty() && kind != expected.kind {
        return Err(Rejection::bad_request(format!(
            "the kind in the data ({kind}) does not match the expected kind ({}): send it to the \
             path of its own kind",
            expected.kind
        )));
    }
    if !given.is_empty() && given != wanted {
        return Err(Rejection::bad_request(format!(
            "the API version in the data ({given}) does not match the expected API version \
             ({wanted})"
        )));
    }
    Ok(())
}

fn accept(
    call: &mut Call<'_>,
    decoded: Decoded,
    expected: Expected<'_>,
) -> Result<Object, Rejection> {
    report(call, &decoded.findings, expected)?;
    named(decoded.value, expected)
}

/// The object in a tree, which is of that kind.
fn named(tree: Value, expected: Expected<'_>) -> Result<Object, Rejection> {
    let mut object = Object::from_value(tree).ok_or_else(|| {
        Rejection::bad_request("the body is not an object: begin with apiVersion and kind")
    })?;
    object.set(&["apiVersion"], Value::from(expected.api_version()));
    object.set(&["kind"], Value::from(expected.kind));
    Ok(object)
}

/// Does with odd fields what the client asked for.
fn report(
    call: &mut Call<'_>,
    findings: &[Finding],
    expected: Expected<'_>,
) -> Result<(), Rejection> {
    if findings.is_empty() {
        return Ok(());
    }
    match call.request.options.field_validation {
        FieldValidation::Ignore => Ok(()),
        FieldValidation::Warn => {
            call.warnings
                .extend(findings.iter().map(ToString::to_string));
            Ok(())
        }
        FieldValidation::Strict => Err(Rejection::bad_request(format!(
            "{} in version {:?} cannot be handled as a {}: strict decoding error: {}",
            expected.kind,
            expected.version,
            expected.kind,
            strictly(findings)
        ))),
    }
}

/// All findings in the words that clients look for, then where they are and what was meant.
fn strictly(findings: &[Finding]) -> String {
    let plain: Vec<String> = findings.iter().map(Finding::plain).collect();
    let hints: Vec<String> = findings.iter().filter_map(Finding::hint).collect();
    let plain = plain.join(", ");
    if hints.is_empty() {
        return plain;
    }
    format!("{plain} ({})", hints.join("; "))
}

fn cannot_be_handled(expected: Expected<'_>, error: &decode::DecodeError) -> Rejection {
    Rejection::bad_request(format!(
        "{} in version {:?} cannot be handled as a {}: {error}",
        expected.kind, expected.version, expected.kind
    ))
}

fn bad(error: decode::DecodeError) -> Rejection {
    if matches!(error, decode::DecodeError::TooLong { .. }) {
        return Rejection::TooLarge {
            limit: gantry_schema::limits::BODY_BYTES_MAX,
        };
    }
    if matches!(error, decode::DecodeError::NoMessage { .. }) {
        return Rejection::UnsupportedMediaType {
            accepted: Encoding::names(&[Encoding::Json, Encoding::Yaml]),
        };
    }
    Rejection::bad_request(format!("could not read the body: {error}"))
}
