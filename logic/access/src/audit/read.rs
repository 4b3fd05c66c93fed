//! A policy as an operator writes it, read strictly: what is not understood is never passed over.

use serde_json::{Map, Value};

use super::policy::{Policy, Resources, Rule};
use super::{Level, Stage};

const VERSION: &str = "audit.k8s.io/v1";

/// Why a policy cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {why}")]
pub struct PolicyError {
    /// Which field is wrong, such as `rules[0].level`.
    pub field: String,
    /// What is wrong with it, and what is expected.
    pub why: String,
}

type Read<T> = Result<T, PolicyError>;

fn wrong<T>(field: &str, why: impl Into<String>) -> Read<T> {
    Err(PolicyError {
        field: field.to_owned(),
        why: why.into(),
    })
}

impl Policy {
    /// Reads a policy.
    pub fn read(file: &Value) -> Result<Self, PolicyError> {
        let known = [
            "apiVersion",
            "kind",
            "metadata",
            "omitManagedFields",
            "omitStages",
            "rules",
        ];
        let map = Fields::of(file, "", &known)?;
        for (field, expected) in [("apiVersion", VERSION), ("kind", "Policy")] {
            if map.get(field).and_then(Value::as_str) != Some(expected) {
                return wrong(field, format!("expected {expected:?}"));
            }
        }
        let rules = map.list("rules")?;
        if rules.is_empty() {
            return wrong(
                "rules",
                "at least one rule is needed; without any nothing is written",
            );
        }
        let rules = rules.iter().enumerate();
        let rules = rules.map(|(index, rule)| read_rule(rule, &format!("rules[{index}]")));
        Ok(Self {
            omit_stages: map.stages("omitStages")?,
            omit_managed_fields: map.flag("omitManagedFields")?.unwrap_or(false),
            rules: rules.collect::<Read<_>>()?,
        })
    }
}

fn read_rule(value: &Value, at: &str) -> Read<Rule> {
    let known = [
        "level",
        "namespaces",
        "nonResourceURLs",
        "omitManagedFields",
        "omitStages",
        "resources",
        "userGroups",
        "users",
        "verbs",
    ];
    let map = Fields::of(value, at, &known)?;
    let level = map.get("level").and_then(Value::as_str).unwrap_or("");
    let level = match Level::ALL.iter().find(|(name, _)| *name == level) {
        Some((_, level)) => *level,
        None => return wrong(&map.path("level"), one_of(level, &Level::ALL)),
    };
    let resources = map.list("resources")?.iter().enumerate();
    let resources = resources.map(|(index, own)| {
        let at = format!("{}[{index}]", map.path("resources"));
        read_resources(own, &at)
    });
    let rule = Rule {
        level,
        users: map.texts("users")?,
        groups: map.texts("userGroups")?,
        verbs: map.texts("verbs")?,
        resources: resources.collect::<Read<_>>()?,
        namespaces: map.texts("namespaces")?,
        paths: map.texts("nonResourceURLs")?,
        omit_stages: map.stages("omitStages")?,
        omit_managed_fields: map.flag("omitManagedFields")?,
    };
    check_paths(&rule, &map.path("nonResourceURLs"))?;
    Ok(rule)
}

fn check_paths(rule: &Rule, at: &str) -> Read<()> {
    let is_of_objects = !rule.resources.is_empty() || !rule.namespaces.is_empty();
    if is_of_objects && !rule.paths.is_empty() {
        return wrong(
            at,
            "rules cannot apply to both regular resources and non-resource URLs; write two rules",
        );
    }
    for (index, path) in rule.paths.iter().enumerate() {
        let at = format!("{at}[{index}]");
        if path == "*" {
            continue;
        }
        if !path.starts_with('/') {
            let why = "non-resource URL rules must begin with a '/' character";
            return wrong(&at, format!("{path:?}: {why}"));
        }
        if path.trim_end_matches('*').len() + 1 < path.len()
            || path.trim_end_matches('*').contains('*')
        {
            let why = "non-resource URL wildcards '*' must be the final character of the rule";
            return wrong(&at, format!("{path:?}: {why}"));
        }
    }
    Ok(())
}

fn read_resources(value: &Value, at: &str) -> Read<Resources> {
    let map = Fields::of(value, at, &["group", "resourceNames", "resources"])?;
    let group = match map.get("group") {
        None => "",
        Some(Value::String(group)) => group,
        Some(_) => return wrong(&map.path("group"), "expected a text"),
    };
    if let Err(wrongs) = check_group(group) {
        return wrong(&map.path("group"), wrongs);
    }
    let own = Resources {
        group: group.to_owned(),
        resources: map.texts("resources")?,
        names: map.texts("resourceNames")?,
    };
    if own.resources.is_empty() && !own.names.is_empty() {
        let why = "using resourceNames requires at least one resource";
        return wrong(&map.path("resourceNames"), why);
    }
    Ok(own)
}

fn check_group(group: &str) -> Result<(), String> {
    let is_plain = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit();
    let fits = group
        .chars()
        .all(|letter| is_plain(letter) || ".-".contains(letter))
        && !group.starts_with(['.', '-'])
        && !group.ends_with(['.', '-']);
    if fits {
        return Ok(());
    }
    Err(format!(
        "{group:?} is no API group; expected one such as \"apps\", \"\" for the core group, and no \
         version or wildcard"
    ))
}

fn one_of<T>(found: &str, known: &[(&str, T)]) -> String {
    let names: Vec<String> = known.iter().map(|(name, _)| format!("{name:?}")).collect();
    format!("{found:?} is unknown; expected one of {}", names.join(", "))
}

/// The fields of a map, and where it stands.
struct Fields<'a> {
    at: &'a str,
    map: &'a Map<String, Value>,
}

impl<'a> Fields<'a> {
    fn of(value: &'a Value, at: &'a str, known: &[&str]) -> Read<Self> {
        let Some(map) = value.as_object() else {
            let at = if at.is_empty() { "the file" } else { at };
            return wrong(at, "expected a map");
        };
        let own = Self { at, map };
        if let Some(name) = map.keys().find(|name| !known.contains(&name.as_str())) {
            let why = format!("unknown field; expected one of {}", known.join(", "));
            return wrong(&own.path(name), why);
        }
        Ok(own)
    }

    fn path(&self, field: &str) -> String {
        if self.at.is_empty() {
            field.to_owned()
        } else {
            format!("{}.{field}", self.at)
        }
    }

    /// A field that is there; null is not.
    fn get(&self, field: &str) -> Option<&'a Value> {
        self.map.get(field).filter(|value| !value.is_null())
    }

    fn list(&self, field: &str) -> Read<&'a [Value]> {
        match self.get(field) {
            None => Ok(&[]),
            Some(Value::Array(all)) => Ok(all),
            Some(_) => wrong(&self.path(field), "expected a list"),
        }
    }

    fn texts(&self, field: &str) -> Read<Vec<String>> {
        let all = self.list(field)?.iter().enumerate();
        all.map(|(index, value)| match value.as_str() {
            Some(text) => Ok(text.to_owned()),
            None => wrong(&format!("{}[{index}]", self.path(field)), "expected a text"),
        })
        .collect()
    }

    fn stages(&self, field: &str) -> Read<Vec<Stage>> {
        let all = self.texts(field)?.into_iter().enumerate();
        all.map(|(index, name)| {
            let known = Stage::ALL.iter().find(|(known, _)| *known == name);
            match known {
                Some((_, stage)) => Ok(*stage),
                None => {
                    let at = format!("{}[{index}]", self.path(field));
                    wrong(&at, one_of(&name, &Stage::ALL))
                }
            }
        })
        .collect()
    }

    fn flag(&self, field: &str) -> Read<Option<bool>> {
        match self.get(field) {
            None => Ok(None),
            Some(Value::Bool(flag)) => Ok(Some(*flag)),
            Some(_) => wrong(&self.path(field), "expected true or false"),
        }
    }
}
