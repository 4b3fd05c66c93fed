//! Which writes somebody wants to be asked about: rules, selectors, and other versions of what the
//! rules name.
//!
//! Whoever configures admission is never asked about that itself: a mistake there must remain
//! possible to mend.

use k8s_openapi::api::admissionregistration::v1::{
    MatchResources, MutatingWebhook, NamedRuleWithOperations, RuleWithOperations,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;

use gantry_api::views::meta;
use gantry_api::{GroupResource, Object, ObjectKey, Rejection};
use gantry_base::selector::{Labels, Selector};
use gantry_kinds::{Descriptor, Scope};

use crate::call::Call;

const ANY: &str = "*";
const EXACT: &str = "Exact";

/// The kinds that configure admission.
const EXEMPT: [&str; 6] = [
    "mutatingadmissionpolicies",
    "mutatingadmissionpolicybindings",
    "mutatingwebhookconfigurations",
    "validatingadmissionpolicies",
    "validatingadmissionpolicybindings",
    "validatingwebhookconfigurations",
];

/// What is done to an object, as rules call it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operation {
    Create,
    Delete,
    Update,
}

impl Operation {
    /// The word that rules use.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Create => "CREATE",
            Self::Delete => "DELETE",
            Self::Update => "UPDATE",
        }
    }
}

/// What somebody is about to do, in the form of the call's own kind.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Deed<'a> {
    pub(crate) operation: Operation,
    /// What is about to be written; nothing when it is a deletion.
    pub(crate) object: Option<&'a Object>,
    /// What is there.
    pub(crate) old: Option<&'a Object>,
}

impl<'a> Deed<'a> {
    /// A write of `object` in the place of `old`.
    pub(crate) fn write(object: &'a Object, old: Option<&'a Object>) -> Self {
        Self {
            operation: old.map_or(Operation::Create, |_| Operation::Update),
            object: Some(object),
            old,
        }
    }

    /// The deletion of `old`.
    pub(crate) const fn deletion(old: &'a Object) -> Self {
        Self {
            operation: Operation::Delete,
            object: None,
            old: Some(old),
        }
    }

    /// The name of what it is done to.
    pub(crate) fn name(&self) -> &'a str {
        self.object.or(self.old).map_or("", Object::name)
    }
}

/// What somebody wants to be asked about.
#[derive(Clone, Debug)]
pub(crate) struct Wish<'a> {
    rules: Vec<Rule<'a>>,
    /// Whether everything is wanted, whatever the rules say.
    is_all: bool,
    /// What is left out of them.
    excluded: Vec<Rule<'a>>,
    is_exact: bool,
    of_namespace: Option<&'a LabelSelector>,
    of_object: Option<&'a LabelSelector>,
}

/// A combination of operations and resources.
#[derive(Clone, Copy, Debug)]
struct Rule<'a> {
    groups: &'a [String],
    versions: &'a [String],
    operations: &'a [String],
    resources: &'a [String],
    scope: Option<&'a str>,
    /// The objects by name; all of them when there is none.
    names: &'a [String],
}

impl<'a> Wish<'a> {
    /// What a webhook wants.
    pub(crate) fn of_webhook(hook: &'a MutatingWebhook) -> Self {
        Self {
            rules: hook.rules.iter().flatten().map(Rule::from).collect(),
            is_all: false,
            excluded: Vec::new(),
            is_exact: hook.match_policy.as_deref() == Some(EXACT),
            of_namespace: hook.namespace_selector.as_ref(),
            of_object: hook.object_selector.as_ref(),
        }
    }

    /// What a policy judges, or where its binding lets it.
    pub(crate) fn of_policy(resources: &'a MatchResources) -> Self {
        let rules = |list: &'a Option<Vec<NamedRuleWithOperations>>| {
            list.iter().flatten().map(Rule::from).collect()
        };
        Self {
            rules: rules(&resources.resource_rules),
            is_all: false,
            excluded: rules(&resources.exclude_resource_rules),
            is_exact: resources.match_policy.as_deref() == Some(EXACT),
            of_namespace: resources.namespace_selector.as_ref(),
            of_object: resources.object_selector.as_ref(),
        }
    }

    /// The same, where no rule at all means everything that is not left out.
    pub(crate) fn of_binding(resources: &'a MatchResources) -> Self {
        let wish = Self::of_policy(resources);
        Self {
            is_all: wish.rules.is_empty(),
            ..wish
        }
    }
}

/// The kind in whose form somebody wants to see what is about to be done; nothing when they do not
/// want to be asked.
pub(crate) fn wanted<'k>(
    call: &Call<'k>,
    deed: &Deed<'_>,
    wish: &Wish<'_>,
) -> Result<Option<&'k Descriptor>, Rejection> {
    if is_exempt(call.kind) {
        return Ok(None);
    }
    // Rules first: they cost nothing, and most of what is written is not meant.
    let form = if wish.is_all {
        Some(call.kind.as_ref())
    } else {
        form(call, deed, &wish.rules, wish.is_exact)
    };
    let is_meant = form.is_some()
        && excluding(call, deed, wish).is_none()
        && is_selected(deed, wish)
        && is_in_namespace(call, deed, wish)?;
    Ok(form.filter(|_| is_meant))
}

/// The kind in whose form this is left out, if it is.
fn excluding<'k>(call: &Call<'k>, deed: &Deed<'_>, wish: &Wish<'_>) -> Option<&'k Descriptor> {
    if wish.excluded.is_empty() {
        return None;
    }
    form(call, deed, &wish.excluded, wish.is_exact)
}

/// The first kind that a rule names: the one that the client spoke, or another form of the same.
fn form<'k>(
    call: &Call<'k>,
    deed: &Deed<'_>,
    rules: &[Rule<'_>],
    is_exact: bool,
) -> Option<&'k Descriptor> {
    let part = call.request.subresource();
    let matches = |kind: &Descriptor| rules.iter().any(|rule| rule.is_about(kind, part, deed));
    let own = call.kind;
    if matches(own) {
        return Some(own);
    }
    if is_exact {
        return None;
    }
    let registry = call.registry;
    let kinds = registry.kinds().iter().map(|kind| -> &Descriptor { kind });
    let mut others = kinds.filter(|kind| kind.storage == own.storage && kind.names != own.names);
    others.find(|kind| matches(kind))
}

pub(crate) fn is_exempt(kind: &Descriptor) -> bool {
    kind.names.group == "admissionregistration.k8s.io" && EXEMPT.contains(&&*kind.names.plural)
}

/// Whether the object is selected as it is or as it will be.
fn is_selected(deed: &Deed<'_>, wish: &Wish<'_>) -> bool {
    let Some(selector) = selector(wish.of_object) else {
        return true;
    };
    let mut sides = deed.object.iter().chain(&deed.old);
    sides.any(|object| selector.matches(&object.labels()))
}

/// Whether the namespace is selected. What lies in none is; a namespace is selected by its own
/// labels, as they are going to be.
fn is_in_namespace(call: &Call<'_>, deed: &Deed<'_>, wish: &Wish<'_>) -> Result<bool, Rejection> {
    let Some(selector) = selector(wish.of_namespace) else {
        return Ok(true);
    };
    if is_namespace(call.kind) {
        let own = deed.object.or(deed.old).map(Object::labels);
        return Ok(own.is_some_and(|labels| selector.matches(&labels)));
    }
    if call.kind.scope == Scope::Cluster {
        return Ok(true);
    }
    let labels = namespace_labels(call)?;
    Ok(selector.matches(&labels))
}

/// The labels of the call's namespace.
pub(crate) fn namespace_labels(call: &Call<'_>) -> Result<Labels, Rejection> {
    let namespaces = GroupResource::new("", "namespaces");
    let name = call.request.namespace();
    let key = ObjectKey::new(namespaces.clone(), "", name);
    let found = call.find(&key);
    let found = found.ok_or_else(|| Rejection::not_found(namespaces, name))?;
    let labels = &found.value.summary().labels;
    let owned = labels
        .iter()
        .map(|(key, value)| (key.to_owned(), value.to_owned()));
    Ok(owned.collect())
}

fn is_namespace(kind: &Descriptor) -> bool {
    kind.names.group.is_empty() && kind.names.plural == "namespaces"
}

/// What selects; nothing when everything is selected.
fn selector(from: Option<&LabelSelector>) -> Option<Selector> {
    let from = from?;
    let is_empty = from.match_labels.as_ref().is_none_or(|all| all.is_empty())
        && from.match_expressions.as_ref().is_none_or(Vec::is_empty);
    (!is_empty).then(|| meta::selector(from))
}

impl Rule<'_> {
    fn is_about(&self, kind: &Descriptor, part: &str, deed: &Deed<'_>) -> bool {
        let has = |list: &[String], word: &str| list.iter().any(|own| own == ANY || own == word);
        let names = &kind.names;
        self.is_in_scope(kind)
            && has(self.operations, deed.operation.as_str())
            && has(self.groups, &names.group)
            && has(self.versions, &names.version)
            && (self.names.is_empty() || self.names.iter().any(|own| own == deed.name()))
            && self
                .resources
                .iter()
                .any(|own| is_resource(own, &names.plural, part))
    }

    fn is_in_scope(&self, kind: &Descriptor) -> bool {
        match self.scope {
            Some("Cluster") => kind.scope == Scope::Cluster,
            Some("Namespaced") => kind.scope == Scope::Namespaced,
            Some(_) | None => true,
        }
    }
}

/// Whether a rule's word, such as `pods/*`, means this part of this resource.
fn is_resource(word: &str, plural: &str, part: &str) -> bool {
    let (main, own_part) = word.split_once('/').unwrap_or((word, ""));
    (main == ANY || main == plural) && (own_part == ANY || own_part == part)
}

fn list(words: &Option<Vec<String>>) -> &[String] {
    words.as_deref().unwrap_or(&[])
}

impl<'a> From<&'a RuleWithOperations> for Rule<'a> {
    fn from(rule: &'a RuleWithOperations) -> Self {
        Self {
            groups: list(&rule.api_groups),
            versions: list(&rule.api_versions),
            operations: list(&rule.operations),
            resources: list(&rule.resources),
            scope: rule.scope.as_deref(),
            names: &[],
        }
    }
}

impl<'a> From<&'a NamedRuleWithOperations> for Rule<'a> {
    fn from(rule: &'a NamedRuleWithOperations) -> Self {
        Self {
            groups: list(&rule.api_groups),
            versions: list(&rule.api_versions),
            operations: list(&rule.operations),
            resources: list(&rule.resources),
            scope: rule.scope.as_deref(),
            names: list(&rule.resource_names),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rules_word_means_a_resource_or_its_parts() {
        for (word, plural, part, expected) in [
            ("pods", "pods", "", true),
            ("pods", "pods", "status", false),
            ("pods/status", "pods", "status", true),
            ("pods/*", "pods", "", true),
            ("pods/*", "pods", "exec", true),
            ("*/scale", "deployments", "scale", true),
            ("*/scale", "deployments", "", false),
            ("*", "deployments", "", true),
            ("*", "deployments", "scale", false),
            ("*/*", "deployments", "scale", true),
        ] {
            assert_eq!(
                is_resource(word, plural, part),
                expected,
                "{word} {plural}/{part}"
            );
        }
    }
}
