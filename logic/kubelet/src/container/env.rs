//! A container's variables: those of services, of whole ConfigMaps and Secrets, and its own.
//!
//! Later ones win, and may use earlier ones.

use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::{
    ConfigMap, ConfigMapKeySelector, Container, EnvFromSource, EnvVarSource, Secret,
    SecretKeySelector,
};

use gantry_api::views::Meta;

use super::{ConfigError, Env, Surroundings, expand, fields, service_env};

pub(super) fn environment(on: &Surroundings<'_>, spec: &Container) -> Result<Env, ConfigError> {
    let mut env = service_env::of_services(on);
    for source in spec.env_from.iter().flatten() {
        from_all(on, source, &mut env)?;
    }
    for var in spec.env.iter().flatten() {
        let value = match &var.value_from {
            Some(source) => from_one(on, spec, source)?,
            None => {
                let text = var.value.as_deref().unwrap_or("");
                Some(expand(text, |name| env.get(name).cloned()))
            }
        };
        if let Some(value) = value {
            env.insert(var.name.clone(), value);
        }
    }
    Ok(env)
}

/// Every key of a ConfigMap or Secret.
fn from_all(
    on: &Surroundings<'_>,
    source: &EnvFromSource,
    env: &mut Env,
) -> Result<(), ConfigError> {
    let namespace = on.pod.namespace();
    let prefix = source.prefix.as_deref().unwrap_or("");
    if let Some(wanted) = &source.config_map_ref {
        let found = on.view.get::<ConfigMap>(namespace, &wanted.name);
        let found = unless_optional(found, wanted.optional, "configmap", &wanted.name)?;
        for (key, value) in found.iter().flat_map(|map| map.data.iter().flatten()) {
            env.insert(format!("{prefix}{key}"), value.clone());
        }
    }
    if let Some(wanted) = &source.secret_ref {
        let found = on.view.get::<Secret>(namespace, &wanted.name);
        let found = unless_optional(found, wanted.optional, "secret", &wanted.name)?;
        for (key, value) in found.iter().flat_map(|secret| secret.data.iter().flatten()) {
            env.insert(format!("{prefix}{key}"), text(value, key, &wanted.name)?);
        }
    }
    Ok(())
}

/// One value from elsewhere; nothing when it is optional and not there.
fn from_one(
    on: &Surroundings<'_>,
    spec: &Container,
    source: &EnvVarSource,
) -> Result<Option<String>, ConfigError> {
    if let Some(field) = &source.field_ref {
        return fields::of_pod(on, &field.field_path).map(Some);
    }
    if let Some(resource) = &source.resource_field_ref {
        return fields::of_resources(on, spec, resource).map(Some);
    }
    if let Some(wanted) = &source.config_map_key_ref {
        return config_map_key(on, wanted);
    }
    match &source.secret_key_ref {
        Some(wanted) => secret_key(on, wanted),
        None => Ok(Some(String::new())),
    }
}

fn config_map_key(
    on: &Surroundings<'_>,
    wanted: &ConfigMapKeySelector,
) -> Result<Option<String>, ConfigError> {
    let namespace = on.pod.namespace();
    let found = on.view.get::<ConfigMap>(namespace, &wanted.name);
    let Some(found) = unless_optional(found, wanted.optional, "configmap", &wanted.name)? else {
        return Ok(None);
    };
    let value = found.data.as_ref().and_then(|data| data.get(&wanted.key));
    match value {
        Some(value) => Ok(Some(value.clone())),
        None if wanted.optional == Some(true) => Ok(None),
        None => Err(missing_key(
            &wanted.key,
            "ConfigMap",
            namespace,
            &wanted.name,
        )),
    }
}

fn secret_key(
    on: &Surroundings<'_>,
    wanted: &SecretKeySelector,
) -> Result<Option<String>, ConfigError> {
    let namespace = on.pod.namespace();
    let found = on.view.get::<Secret>(namespace, &wanted.name);
    let Some(found) = unless_optional(found, wanted.optional, "secret", &wanted.name)? else {
        return Ok(None);
    };
    let value = found.data.as_ref().and_then(|data| data.get(&wanted.key));
    match value {
        Some(value) => text(value, &wanted.key, &wanted.name).map(Some),
        None if wanted.optional == Some(true) => Ok(None),
        None => Err(missing_key(&wanted.key, "Secret", namespace, &wanted.name)),
    }
}

fn unless_optional<T>(
    found: Option<T>,
    optional: Option<bool>,
    kind: &'static str,
    name: &str,
) -> Result<Option<T>, ConfigError> {
    if found.is_none() && optional != Some(true) {
        let name = name.to_owned();
        return Err(ConfigError::Missing { kind, name });
    }
    Ok(found)
}

fn missing_key(key: &str, kind: &'static str, namespace: &str, name: &str) -> ConfigError {
    ConfigError::MissingKey {
        key: key.to_owned(),
        kind,
        namespace: namespace.to_owned(),
        name: name.to_owned(),
    }
}

fn text(value: &ByteString, key: &str, secret: &str) -> Result<String, ConfigError> {
    String::from_utf8(value.0.clone()).map_err(|_| ConfigError::NotText {
        key: key.to_owned(),
        name: secret.to_owned(),
    })
}
