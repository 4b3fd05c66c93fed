//! Environment variables and the places their values come from.

use gantry_api::field_error::FieldErrors;
use gantry_base::{FieldPath, name};
use k8s_openapi::api::core::v1::{
    Container, EnvFromSource, EnvVar, EnvVarSource, ObjectFieldSelector, ResourceFieldSelector,
};

use super::{check, resources};

/// Fields of a pod that a variable can hold.
const FIELDS: [&str; 9] = [
    "metadata.name",
    "metadata.namespace",
    "metadata.uid",
    "spec.nodeName",
    "spec.serviceAccountName",
    "status.hostIP",
    "status.hostIPs",
    "status.podIP",
    "status.podIPs",
];

/// Resources of a container that a variable or a file can hold.
const RESOURCES: [&str; 6] = [
    "limits.cpu",
    "limits.ephemeral-storage",
    "limits.memory",
    "requests.cpu",
    "requests.ephemeral-storage",
    "requests.memory",
];

/// Fills in what variables may leave out.
pub fn default(env: &mut [EnvVar]) {
    for source in env
        .iter_mut()
        .filter_map(|variable| variable.value_from.as_mut())
    {
        if let Some(field) = &mut source.field_ref {
            default_field(field);
        }
        if let Some(resource) = &mut source.resource_field_ref {
            default_resource(resource);
        }
    }
}

/// The version that field paths are written for.
pub fn default_field(field: &mut ObjectFieldSelector) {
    if field.api_version.as_deref().unwrap_or("").is_empty() {
        field.api_version = Some("v1".to_owned());
    }
}

/// The canonical form of the divisor; zero stands for one.
pub fn default_resource(resource: &mut ResourceFieldSelector) {
    let divisor = resource.divisor.get_or_insert_default();
    if divisor.0.is_empty() {
        "0".clone_into(&mut divisor.0);
    }
    resources::canonical(divisor);
}

/// Checks a container's variables.
pub fn validate(container: &Container, path: &FieldPath, errors: &mut FieldErrors) {
    for (index, variable) in container.env.iter().flatten().enumerate() {
        let path = path.field("env").index(index);
        if variable.name.is_empty() {
            errors.required(&path.field("name"), "");
        } else {
            errors.named(&path.field("name"), &variable.name, name::env_var);
        }
        if let Some(source) = &variable.value_from {
            let at = path.field("valueFrom");
            if variable
                .value
                .as_deref()
                .is_some_and(|value| !value.is_empty())
            {
                errors.invalid(&at, "", "may not be specified when `value` is not empty");
            }
            value_from(source, &at, errors);
        }
    }
    for (index, source) in container.env_from.iter().flatten().enumerate() {
        env_from(source, &path.field("envFrom").index(index), errors);
    }
}

/// Variables that are set twice: the last one counts, and merging by name may lose it.
pub fn warnings(container: &Container, path: &FieldPath, warnings: &mut Vec<String>) {
    let variables = container.env.as_deref().unwrap_or(&[]);
    for (index, variable) in variables.iter().enumerate() {
        if variables[..index]
            .iter()
            .any(|before| before.name == variable.name)
        {
            let (at, name) = (path.field("env").index(index), &variable.name);
            warnings.push(format!(
                "{at}: hides previous definition of {name:?}, which may be dropped when using apply"
            ));
        }
    }
}

fn value_from(source: &EnvVarSource, path: &FieldPath, errors: &mut FieldErrors) {
    let mut count = 0;
    if let Some(field) = &source.field_ref {
        count += 1;
        field_ref(field, &FIELDS, &path.field("fieldRef"), errors);
    }
    if let Some(resource) = &source.resource_field_ref {
        count += 1;
        resource_ref(resource, &path.field("resourceFieldRef"), errors);
    }
    if let Some(map) = &source.config_map_key_ref {
        count += 1;
        key_ref(&map.name, &map.key, &path.field("configMapKeyRef"), errors);
    }
    if let Some(secret) = &source.secret_key_ref {
        count += 1;
        key_ref(
            &secret.name,
            &secret.key,
            &path.field("secretKeyRef"),
            errors,
        );
    }
    if source.file_key_ref.is_some() {
        count += 1;
    }
    match count {
        0 => errors.invalid(
            path,
            "",
            "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef` or \
             `secretKeyRef`",
        ),
        1 => {}
        _ => errors.invalid(
            path,
            "",
            "may not have more than one field specified at a time",
        ),
    }
}

fn key_ref(name: &str, key: &str, path: &FieldPath, errors: &mut FieldErrors) {
    if name.is_empty() {
        errors.required(&path.field("name"), "");
    }
    if key.is_empty() {
        errors.required(&path.field("key"), "");
    } else {
        errors.named(&path.field("key"), key, name::config_key);
    }
}

/// Checks a reference to a field of the pod; `known` are the fields without a subscript.
pub fn field_ref(
    field: &ObjectFieldSelector,
    known: &[&str],
    path: &FieldPath,
    errors: &mut FieldErrors,
) {
    check::given(
        field.api_version.as_deref(),
        &path.field("apiVersion"),
        errors,
    );
    let at = path.field("fieldPath");
    let text = field.field_path.as_str();
    if text.is_empty() {
        errors.required(&at, "");
    } else if let Some((map, key)) = subscript(text) {
        match map {
            "metadata.labels" => errors.named(&at, key, name::qualified),
            "metadata.annotations" => errors.named(&at, &key.to_lowercase(), name::qualified),
            _ => errors.invalid(&at, text, "does not support subscript"),
        }
    } else if !known.contains(&text) {
        errors.not_supported(&at, text, known);
    }
}

/// Splits `metadata.labels['app']` into the map and its key.
fn subscript(path: &str) -> Option<(&str, &str)> {
    let (map, rest) = path.split_once("['")?;
    Some((map, rest.strip_suffix("']")?))
}

/// Checks a reference to a container's resources.
pub fn resource_ref(resource: &ResourceFieldSelector, path: &FieldPath, errors: &mut FieldErrors) {
    let name = resource.resource.as_str();
    let huge = name.starts_with("limits.hugepages-") || name.starts_with("requests.hugepages-");
    if name.is_empty() {
        errors.required(&path.field("resource"), "");
    } else if !RESOURCES.contains(&name) && !huge {
        errors.not_supported(&path.field("resource"), name, &RESOURCES);
    }
}

fn env_from(source: &EnvFromSource, path: &FieldPath, errors: &mut FieldErrors) {
    if let Some(prefix) = source.prefix.as_deref().filter(|prefix| !prefix.is_empty()) {
        errors.named(&path.field("prefix"), prefix, name::env_var);
    }
    let map = source
        .config_map_ref
        .as_ref()
        .map(|map| ("configMapRef", &map.name));
    let secret = source
        .secret_ref
        .as_ref()
        .map(|secret| ("secretRef", &secret.name));
    for (field, name) in map.iter().chain(&secret) {
        if name.is_empty() {
            errors.required(&path.field(field).field("name"), "");
        }
    }
    match (map, secret) {
        (Some(_), Some(_)) => {
            errors.invalid(
                path,
                "",
                "may not have more than one field specified at a time",
            );
        }
        (None, None) => {
            errors.invalid(
                path,
                "",
                "must specify one of: `configMapRef` or `secretRef`",
            );
        }
        (Some(_), None) | (None, Some(_)) => {}
    }
}
