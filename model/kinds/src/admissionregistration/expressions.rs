//! Which names the expressions of policies and match conditions may use.

use gantry_api::field_error::FieldErrors;
use gantry_base::FieldPath;
use gantry_cel::{CompileError, Environment, ObjectType, Returns, Type};

/// What is about to be written; null when it is a deletion.
pub const OBJECT: &str = "object";
/// What is there; null when it is a creation.
pub const OLD_OBJECT: &str = "oldObject";
/// The request itself.
pub const REQUEST: &str = "request";
/// The namespace of the object; null when it lives in none.
pub const NAMESPACE: &str = "namespaceObject";
/// Who answers whether somebody may do something.
pub const AUTHORIZER: &str = "authorizer";
/// The same question, begun with the resource of the request.
pub const REQUEST_RESOURCE: &str = "authorizer.requestResource";
/// The parameters of the policy.
pub const PARAMS: &str = "params";

/// The names that match conditions of webhooks may use.
#[must_use]
pub fn environment() -> Environment {
    typed_environment(Type::Dyn, None)
}

/// The names that the expressions of a policy may use, `variables` not counted.
#[must_use]
pub fn policy_environment(has_params: bool) -> Environment {
    typed_environment(Type::Dyn, has_params.then_some(Type::Dyn))
}

/// The same names when it is known what the objects are, and what the parameters are.
pub(super) fn typed_environment(object: Type, params: Option<Type>) -> Environment {
    let environment = Environment::new()
        .with(OBJECT, object.clone())
        .with(OLD_OBJECT, object)
        .with(REQUEST, request())
        .with(NAMESPACE, namespace())
        .with(AUTHORIZER, Type::AUTHORIZER)
        .with(REQUEST_RESOURCE, Type::RESOURCE_CHECK);
    match params {
        Some(params) => environment.with(PARAMS, params),
        None => environment,
    }
}

/// Reports an expression that is not there or cannot be compiled. `absent` is said when it is not
/// there.
pub(super) fn validate(
    environment: &Environment,
    (text, returns): (&str, Returns),
    absent: &str,
    (path, errors): (&FieldPath, &mut FieldErrors),
) {
    if text.trim().is_empty() {
        errors.required(path, absent);
        return;
    }
    let compiled = environment.compile(text, returns);
    report(compiled.map(drop), text, path, errors);
}

/// Reports an expression that could not be compiled.
pub(super) fn report(
    compiled: Result<(), CompileError>,
    text: &str,
    path: &FieldPath,
    errors: &mut FieldErrors,
) {
    if let Err(error) = compiled {
        errors.invalid(path, text, error.to_string());
    }
}

fn request() -> Type {
    let kind = || {
        let own = ObjectType::new("kubernetes.GroupVersionKind")
            .with("group", Type::Text)
            .with("version", Type::Text)
            .with("kind", Type::Text);
        Type::object(own)
    };
    let resource = || {
        let own = ObjectType::new("kubernetes.GroupVersionResource")
            .with("group", Type::Text)
            .with("version", Type::Text)
            .with("resource", Type::Text);
        Type::object(own)
    };
    let user = ObjectType::new("kubernetes.UserInfo")
        .with("username", Type::Text)
        .with("uid", Type::Text)
        .with("groups", Type::list(Type::Text))
        .with("extra", Type::map(Type::list(Type::Text)));
    let own = ObjectType::new("kubernetes.AdmissionRequest")
        .with("kind", kind())
        .with("resource", resource())
        .with("subResource", Type::Text)
        .with("requestKind", kind())
        .with("requestResource", resource())
        .with("requestSubResource", Type::Text)
        .with("name", Type::Text)
        .with("namespace", Type::Text)
        .with("operation", Type::Text)
        .with("userInfo", Type::object(user))
        .with("dryRun", Type::Bool)
        .with("options", Type::Dyn);
    Type::object(own)
}

fn namespace() -> Type {
    let metadata = ObjectType::new("kubernetes.NamespaceMetadata")
        .with("name", Type::Text)
        .with("generateName", Type::Text)
        .with("namespace", Type::Text)
        .with("labels", Type::map(Type::Text))
        .with("annotations", Type::map(Type::Text))
        .with("UID", Type::Text)
        .with("creationTimestamp", Type::Time)
        .with("deletionGracePeriodSeconds", Type::Int)
        .with("deletionTimestamp", Type::Time)
        .with("generation", Type::Int)
        .with("resourceVersion", Type::Text)
        .with("finalizers", Type::list(Type::Text));
    let spec =
        ObjectType::new("kubernetes.NamespaceSpec").with("finalizers", Type::list(Type::Text));
    let status = ObjectType::new("kubernetes.NamespaceStatus").with("phase", Type::Text);
    let own = ObjectType::new("kubernetes.Namespace")
        .with("metadata", Type::object(metadata))
        .with("spec", Type::object(spec))
        .with("status", Type::object(status));
    Type::object(own)
}
