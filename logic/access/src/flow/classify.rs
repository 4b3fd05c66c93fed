//! Which schema a request belongs to, and so which level and which flow.

use std::collections::BTreeMap;
use std::sync::Arc;

use k8s_openapi::api::flowcontrol::v1::{
    FlowSchema, NonResourcePolicyRule, PolicyRulesWithSubjects, PriorityLevelConfiguration,
    ResourcePolicyRule, Subject,
};
use serde::de::DeserializeOwned;

use gantry_api::views::Meta;
use gantry_api::{Caller, GroupResource, ObjectKey};
use gantry_base::hash::Fnv;
use gantry_store::{Key, Revision, Snapshot};

use crate::attributes::{Attributes, ResourceTarget, Target};
use crate::limits::HAND_MAX;
use crate::rules::path_matches;

const GROUP: &str = "flowcontrol.apiserver.k8s.io";
const ANY: &str = "*";

/// An object by its name and its uid.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Named {
    /// Its name.
    pub name: Arc<String>,
    /// Its uid.
    pub uid: String,
}

/// What a level allows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LevelSettings {
    /// Whether its requests never wait.
    pub is_exempt: bool,
    /// Its part of all seats, in proportion to the parts of others.
    pub shares: u32,
    /// How much of its part others may use.
    pub lendable_percent: u32,
    /// How much it may borrow, of its own part; without it, all that there is.
    pub borrowing_percent: Option<u32>,
    /// Its queues; without them, what finds no seat is sent away.
    pub queuing: Option<Queuing>,
}

/// The queues of a level.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Queuing {
    /// How many there are.
    pub queues: u32,
    /// Of how many of them a request is dealt the shortest.
    pub hand: u32,
    /// How many requests wait in one.
    pub length: u32,
}

/// All schemas and levels at one revision.
#[derive(Clone, Debug, Default)]
pub struct Flows {
    /// In the order in which they are tried.
    schemas: Vec<Schema>,
    levels: BTreeMap<String, (Named, LevelSettings)>,
}

#[derive(Clone, Debug)]
struct Schema {
    named: Named,
    level: String,
    by: Option<By>,
    rules: Vec<PolicyRulesWithSubjects>,
}

/// What tells the flows of a schema apart.
#[derive(Clone, Copy, Debug)]
enum By {
    User,
    Namespace,
}

/// Where a request belongs.
#[derive(Clone, Copy, Debug)]
pub struct Class<'a> {
    /// Its schema.
    pub schema: &'a Named,
    /// Its level.
    pub level: &'a Named,
    /// Whether it never waits.
    pub is_exempt: bool,
    /// What tells its flow from others.
    pub flow: u64,
}

impl Flows {
    /// The schemas and levels that `snapshot` holds.
    #[must_use]
    pub fn compile(snapshot: &Snapshot) -> Self {
        let levels = all::<PriorityLevelConfiguration>(snapshot, "prioritylevelconfigurations");
        let levels: BTreeMap<_, _> = levels
            .into_iter()
            .map(|level| (level.name().to_owned(), (named(&level), settings(&level))))
            .collect();
        let mut schemas = all::<FlowSchema>(snapshot, "flowschemas");
        schemas.sort_by_key(|schema| (precedence(schema), schema.name().to_owned()));
        let schemas = schemas.into_iter().filter_map(schema);
        let schemas = schemas.filter(|schema| levels.contains_key(&schema.level));
        Self {
            schemas: schemas.collect(),
            levels,
        }
    }

    /// Whether a change of what stands at `key` may change them.
    #[must_use]
    pub fn depends_on(key: &Key) -> bool {
        let family = key.as_str().split('/').next().unwrap_or("");
        family.ends_with(GROUP)
    }

    /// The limited levels.
    pub fn levels(&self) -> impl Iterator<Item = (&str, &LevelSettings)> {
        let levels = self.levels.iter();
        levels
            .filter(|(_, (_, level))| !level.is_exempt)
            .map(|(name, (_, level))| (name.as_str(), level))
    }

    /// The limited level of this name.
    #[must_use]
    pub fn level(&self, name: &str) -> Option<&LevelSettings> {
        let (_, level) = self.levels.get(name)?;
        (!level.is_exempt).then_some(level)
    }

    /// Where a request belongs; nowhere, on a server that has no schemas yet.
    #[must_use]
    pub fn classify(&self, attributes: &Attributes<'_>) -> Option<Class<'_>> {
        let schema = self.schemas.iter().find(|schema| {
            let mut rules = schema.rules.iter();
            rules.any(|rule| matches(rule, attributes))
        })?;
        let (level, settings) = self.levels.get(&schema.level)?;
        Some(Class {
            schema: &schema.named,
            level,
            is_exempt: settings.is_exempt,
            flow: flow(schema, attributes),
        })
    }
}

/// The schemas and levels compiled last.
#[derive(Clone, Debug, Default)]
pub struct Latest {
    compiled: Option<(Revision, Arc<Flows>)>,
}

impl Latest {
    /// The schemas and levels as they are in `snapshot` or in a later picture.
    pub fn flows(&mut self, snapshot: &Snapshot) -> Arc<Flows> {
        let revision = snapshot.revision();
        if let Some((seen, flows)) = &mut self.compiled
            && agrees(*seen, snapshot)
        {
            *seen = (*seen).max(revision);
            return Arc::clone(flows);
        }
        let flows = Arc::new(Flows::compile(snapshot));
        self.compiled = Some((revision, Arc::clone(&flows)));
        flows
    }
}

fn agrees(seen: Revision, snapshot: &Snapshot) -> bool {
    let changes = || snapshot.changes(seen);
    snapshot.revision() <= seen
        || changes().is_ok_and(|mut all| !all.any(|change| Flows::depends_on(&change.key)))
}

fn all<T: DeserializeOwned>(snapshot: &Snapshot, resource: &str) -> Vec<T> {
    let resource = GroupResource::new(GROUP, resource);
    let prefix = ObjectKey::prefix(&resource, None);
    let stored = snapshot.range(&prefix, None);
    let objects = stored.map(|(_, stored)| stored.value.json(stored.modified));
    // What cannot be read was never admitted; it counts as not being there.
    objects
        .filter_map(|json| serde_json::from_slice(&json).ok())
        .collect()
}

fn named(object: &impl Meta) -> Named {
    Named {
        name: Arc::new(object.name().to_owned()),
        uid: object.uid().to_owned(),
    }
}

fn settings(level: &PriorityLevelConfiguration) -> LevelSettings {
    let number = |given: Option<i32>| given.and_then(|given| u32::try_from(given).ok());
    let Some(spec) = &level.spec else {
        return LevelSettings::default();
    };
    let Some(limited) = &spec.limited else {
        return LevelSettings {
            is_exempt: spec.type_ == "Exempt",
            ..LevelSettings::default()
        };
    };
    let queuing = limited.limit_response.as_ref();
    let queuing = queuing.and_then(|response| response.queuing.as_ref());
    LevelSettings {
        is_exempt: false,
        shares: number(limited.nominal_concurrency_shares).unwrap_or(0),
        lendable_percent: number(limited.lendable_percent).unwrap_or(0).min(100),
        borrowing_percent: number(limited.borrowing_limit_percent),
        queuing: queuing.map(|queuing| Queuing {
            queues: number(queuing.queues).unwrap_or(1),
            hand: number(queuing.hand_size).unwrap_or(1).min(HAND_MAX),
            length: number(queuing.queue_length_limit).unwrap_or(0),
        }),
    }
}

fn precedence(schema: &FlowSchema) -> i32 {
    let spec = schema.spec.as_ref();
    spec.and_then(|spec| spec.matching_precedence)
        .unwrap_or(i32::MAX)
}

fn schema(schema: FlowSchema) -> Option<Schema> {
    let named = named(&schema);
    let spec = schema.spec?;
    let by = match spec
        .distinguisher_method
        .map(|method| method.type_)
        .as_deref()
    {
        Some("ByUser") => Some(By::User),
        Some("ByNamespace") => Some(By::Namespace),
        _ => None,
    };
    Some(Schema {
        named,
        level: spec.priority_level_configuration.name,
        by,
        rules: spec.rules.unwrap_or_default(),
    })
}

fn flow(schema: &Schema, attributes: &Attributes<'_>) -> u64 {
    let apart = match (schema.by, attributes.target) {
        (Some(By::User), _) => attributes.caller.user.as_str(),
        (Some(By::Namespace), Target::Resource(target)) => target.namespace,
        (Some(By::Namespace), Target::Path(_)) | (None, _) => "",
    };
    let name = schema.named.name.as_bytes();
    Fnv::default().with(name).with(apart.as_bytes()).value()
}

fn matches(rule: &PolicyRulesWithSubjects, attributes: &Attributes<'_>) -> bool {
    let is_meant = |subject: &Subject| is_subject(subject, attributes.caller);
    if !rule.subjects.iter().any(is_meant) {
        return false;
    }
    match &attributes.target {
        Target::Path(path) => {
            let mut rules = rule.non_resource_rules.iter().flatten();
            rules.any(|rule| is_path(rule, attributes.verb, path))
        }
        Target::Resource(target) => {
            let mut rules = rule.resource_rules.iter().flatten();
            rules.any(|rule| is_resource(rule, attributes.verb, target))
        }
    }
}

fn is_subject(subject: &Subject, caller: &Caller) -> bool {
    if let Some(user) = &subject.user {
        return user.name == ANY || user.name == caller.user;
    }
    if let Some(group) = &subject.group {
        return group.name == ANY || caller.is_in(&group.name);
    }
    let Some(account) = &subject.service_account else {
        return false;
    };
    let name = caller.user.strip_prefix("system:serviceaccount:");
    name.and_then(|name| name.split_once(':'))
        .is_some_and(|(namespace, name)| {
            namespace == account.namespace && (account.name == ANY || account.name == name)
        })
}

fn is_path(rule: &NonResourcePolicyRule, verb: &str, path: &str) -> bool {
    let mut patterns = rule.non_resource_urls.iter();
    has(&rule.verbs, verb) && patterns.any(|pattern| path_matches(pattern, path))
}

fn is_resource(rule: &ResourcePolicyRule, verb: &str, target: &ResourceTarget<'_>) -> bool {
    let is_placed = match target.namespace {
        "" => rule.cluster_scope.unwrap_or(false),
        namespace => has(rule.namespaces.as_deref().unwrap_or(&[]), namespace),
    };
    is_placed
        && has(&rule.verbs, verb)
        && has(&rule.api_groups, target.group)
        && match target.subresource {
            "" => has(&rule.resources, target.resource),
            _ => has(&rule.resources, &target.combined()),
        }
}

fn has(list: &[String], word: &str) -> bool {
    list.iter().any(|own| own == ANY || own == word)
}
