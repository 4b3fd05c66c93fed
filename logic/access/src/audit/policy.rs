//! Which requests are written down, and how much of each: the first rule that fits counts.

use super::{Level, Stage};
use crate::attributes::{Attributes, ResourceTarget, Target};

/// What is written down.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Policy {
    /// At which stages nothing is, whatever the rules say.
    pub omit_stages: Vec<Stage>,
    /// Whether it is left out who manages which field, where the rules do not say.
    pub omit_managed_fields: bool,
    /// The rules, in order.
    pub rules: Vec<Rule>,
}

/// How much is written down of some requests. An empty list means all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rule {
    /// How much.
    pub level: Level,
    /// Of whom.
    pub users: Vec<String>,
    /// Of members of which groups.
    pub groups: Vec<String>,
    /// Of what kind of deed.
    pub verbs: Vec<String>,
    /// To which objects.
    pub resources: Vec<Resources>,
    /// In which namespaces; the empty one stands for what is in none.
    pub namespaces: Vec<String>,
    /// To which paths that are no objects.
    pub paths: Vec<String>,
    /// At which stages nothing is written.
    pub omit_stages: Vec<Stage>,
    /// Whether it is left out who manages which field.
    pub omit_managed_fields: Option<bool>,
}

/// Some objects of a group.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Resources {
    /// The group; empty for the core group.
    pub group: String,
    /// Resources and parts of them, such as `pods`, `pods/log`, `pods/*` or `*/scale`.
    pub resources: Vec<String>,
    /// Their names.
    pub names: Vec<String>,
}

/// What a policy says of one request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Judged {
    /// How much is written down.
    pub level: Level,
    /// Whether it is left out who manages which field.
    pub omit_managed_fields: bool,
    omitted: Vec<Stage>,
}

impl Judged {
    /// Whether something is written down at a stage.
    #[must_use]
    pub fn writes(&self, stage: Stage) -> bool {
        self.level != Level::None && !self.omitted.contains(&stage)
    }
}

impl Policy {
    /// What is written down of a request.
    #[must_use]
    pub fn judge(&self, attributes: &Attributes<'_>) -> Judged {
        let Some(rule) = self.rules.iter().find(|rule| rule.fits(attributes)) else {
            return Judged::default();
        };
        let omitted = self.omit_stages.iter().chain(&rule.omit_stages);
        let omits = rule.omit_managed_fields;
        Judged {
            level: rule.level,
            omit_managed_fields: omits.unwrap_or(self.omit_managed_fields),
            omitted: omitted.copied().collect(),
        }
    }
}

fn names(list: &[String], name: &str) -> bool {
    list.iter().any(|own| own == name)
}

impl Rule {
    fn fits(&self, attributes: &Attributes<'_>) -> bool {
        let caller = attributes.caller;
        let is_theirs = (self.users.is_empty() || names(&self.users, &caller.user))
            && (self.groups.is_empty() || caller.groups.iter().any(|own| names(&self.groups, own)))
            && (self.verbs.is_empty() || names(&self.verbs, attributes.verb));
        let is_of_objects = !self.namespaces.is_empty() || !self.resources.is_empty();
        is_theirs
            && match attributes.target {
                Target::Resource(target) if is_of_objects => self.fits_object(&target),
                Target::Resource(_) => self.paths.is_empty(),
                Target::Path(_) if is_of_objects => false,
                Target::Path(path) => {
                    self.paths.is_empty() || self.paths.iter().any(|own| leads_to(own, path))
                }
            }
    }

    fn fits_object(&self, target: &ResourceTarget<'_>) -> bool {
        (self.namespaces.is_empty() || names(&self.namespaces, target.namespace))
            && (self.resources.is_empty() || self.resources.iter().any(|own| own.has(target)))
    }
}

impl Resources {
    fn has(&self, target: &ResourceTarget<'_>) -> bool {
        if self.group != target.group {
            return false;
        }
        if self.resources.is_empty() {
            return true;
        }
        (self.names.is_empty() || names(&self.names, target.name))
            && self.resources.iter().any(|own| is_called(own, target))
    }
}

/// Whether a name of resources means this one.
fn is_called(own: &str, target: &ResourceTarget<'_>) -> bool {
    if own == "*" || own == target.combined() {
        return true;
    }
    match own.split_once('/') {
        Some(("*", part)) => part == target.subresource,
        Some((resource, "*")) => resource == target.resource,
        Some(_) | None => false,
    }
}

fn leads_to(own: &str, path: &str) -> bool {
    match own.strip_suffix('*') {
        Some(beginning) => path.starts_with(beginning),
        None => own == path,
    }
}
