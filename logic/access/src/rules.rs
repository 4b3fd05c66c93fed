//! One rule of a role: what it matches, and which other rules it covers.

use k8s_openapi::api::rbac::v1::PolicyRule;

use crate::attributes::{ResourceTarget, Target};

const ANY: &str = "*";

/// Whether `rule` allows `verb` on `target`.
#[must_use]
pub fn allows(rule: &PolicyRule, verb: &str, target: &Target<'_>) -> bool {
    if !has(&rule.verbs, verb) {
        return false;
    }
    match target {
        Target::Path(path) => listed(&rule.non_resource_urls)
            .iter()
            .any(|pattern| path_matches(pattern, path)),
        Target::Resource(target) => allows_resource(rule, target),
    }
}

fn allows_resource(rule: &PolicyRule, target: &ResourceTarget<'_>) -> bool {
    let resources = listed(&rule.resources);
    let names = listed(&rule.resource_names);
    has(listed(&rule.api_groups), target.group)
        && resources
            .iter()
            .any(|pattern| resource_matches(pattern, target.resource, target.subresource))
        && (names.is_empty() || names.iter().any(|name| name == target.name))
}

/// Whether a rule's word for a resource means this one: `*`, `pods`, `pods/log` or `*/scale`.
fn resource_matches(pattern: &str, resource: &str, subresource: &str) -> bool {
    if pattern == ANY {
        return true;
    }
    match pattern.split_once('/') {
        None => subresource.is_empty() && pattern == resource,
        Some((main, part)) => {
            !subresource.is_empty() && part == subresource && (main == ANY || main == resource)
        }
    }
}

pub(crate) fn path_matches(pattern: &str, path: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(beginning) => path.starts_with(beginning),
        None => pattern == path,
    }
}

fn has(list: &[String], word: &str) -> bool {
    list.iter().any(|own| own == ANY || own == word)
}

fn listed(list: &Option<Vec<String>>) -> &[String] {
    list.as_deref().unwrap_or(&[])
}

/// Those of `wanted` that `held` does not cover, each reduced to a single permission.
#[must_use]
pub fn uncovered(held: &[PolicyRule], wanted: &[PolicyRule]) -> Vec<PolicyRule> {
    wanted
        .iter()
        .flat_map(single_permissions)
        .filter(|single| !held.iter().any(|own| covers(own, single)))
        .collect()
}

/// A rule as rules of one verb, one group, one resource and at most one name, or one path.
fn single_permissions(rule: &PolicyRule) -> Vec<PolicyRule> {
    let mut singles = Vec::new();
    for verb in &rule.verbs {
        for path in listed(&rule.non_resource_urls) {
            singles.push(PolicyRule {
                verbs: vec![verb.clone()],
                non_resource_urls: Some(vec![path.clone()]),
                ..PolicyRule::default()
            });
        }
        for group in listed(&rule.api_groups) {
            for resource in listed(&rule.resources) {
                singles.extend(named(rule, verb, group, resource));
            }
        }
    }
    singles
}

fn named(rule: &PolicyRule, verb: &str, group: &str, resource: &str) -> Vec<PolicyRule> {
    let one = |names: Option<Vec<String>>| PolicyRule {
        verbs: vec![verb.to_owned()],
        api_groups: Some(vec![group.to_owned()]),
        resources: Some(vec![resource.to_owned()]),
        resource_names: names,
        non_resource_urls: None,
    };
    match listed(&rule.resource_names) {
        [] => vec![one(None)],
        names => names
            .iter()
            .map(|name| one(Some(vec![name.clone()])))
            .collect(),
    }
}

/// Whether `own` allows all that the single permission `single` allows.
fn covers(own: &PolicyRule, single: &PolicyRule) -> bool {
    let word = |list: &Option<Vec<String>>| listed(list).first().cloned().unwrap_or_default();
    if !has(&own.verbs, single.verbs.first().map_or("", String::as_str)) {
        return false;
    }
    if single.non_resource_urls.is_some() {
        let path = word(&single.non_resource_urls);
        return listed(&own.non_resource_urls)
            .iter()
            .any(|pattern| path_matches(pattern, &path));
    }
    let names = listed(&own.resource_names);
    let wanted = word(&single.resources);
    has(listed(&own.api_groups), &word(&single.api_groups))
        && listed(&own.resources)
            .iter()
            .any(|held| resource_covers(held, &wanted))
        && (names.is_empty()
            || (single.resource_names.is_some() && names.contains(&word(&single.resource_names))))
}

fn resource_covers(held: &str, wanted: &str) -> bool {
    if held == ANY || held == wanted {
        return true;
    }
    match (held.split_once('/'), wanted.split_once('/')) {
        (Some((ANY, held)), Some((_, wanted))) => held == wanted,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(groups: &[&str], resources: &[&str], verbs: &[&str], names: &[&str]) -> PolicyRule {
        let own = |words: &[&str]| {
            words
                .iter()
                .map(|word| (*word).to_owned())
                .collect::<Vec<_>>()
        };
        PolicyRule {
            api_groups: Some(own(groups)),
            resources: Some(own(resources)),
            verbs: own(verbs),
            resource_names: Some(own(names)),
            non_resource_urls: None,
        }
    }

    fn asks(
        resource: &'static str,
        subresource: &'static str,
        name: &'static str,
    ) -> Target<'static> {
        Target::Resource(ResourceTarget {
            resource,
            subresource,
            name,
            ..ResourceTarget::default()
        })
    }

    #[test]
    fn a_resource_does_not_bring_its_parts() {
        let pods = rule(&[""], &["pods"], &["get"], &[]);
        assert!(allows(&pods, "get", &asks("pods", "", "a")));
        assert!(!allows(&pods, "get", &asks("pods", "log", "a")));
        let scales = rule(&["*"], &["*/scale"], &["get"], &[]);
        assert!(allows(&scales, "get", &asks("deployments", "scale", "a")));
        assert!(!allows(&scales, "get", &asks("deployments", "", "a")));
    }

    #[test]
    fn a_rule_for_one_name_allows_no_list() {
        let one = rule(&[""], &["secrets"], &["get", "list"], &["mine"]);
        assert!(allows(&one, "get", &asks("secrets", "", "mine")));
        assert!(!allows(&one, "list", &asks("secrets", "", "")));
    }

    #[test]
    fn a_path_may_end_in_a_star() {
        let urls = PolicyRule {
            verbs: vec!["get".to_owned()],
            non_resource_urls: Some(vec!["/api/*".to_owned(), "/version".to_owned()]),
            ..PolicyRule::default()
        };
        assert!(allows(&urls, "get", &Target::Path("/api/v1")));
        assert!(!allows(&urls, "get", &Target::Path("/versions")));
    }

    #[test]
    fn what_is_granted_must_be_held_in_full() {
        let held = [rule(&[""], &["pods"], &["get", "list"], &[])];
        let wanted = [rule(&[""], &["pods", "secrets"], &["get"], &["x"])];
        let missing = uncovered(&held, &wanted);
        assert_eq!(missing.len(), 1);
        assert_eq!(
            missing[0].resources.as_deref(),
            Some(&["secrets".to_owned()][..])
        );
    }
}
