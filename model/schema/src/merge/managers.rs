//! `metadata.managedFields`: who owns which fields, through which operation and subresource.
//!
//! An entry is told apart by manager, operation and subresource, and for updates by version too.
//! Entries written in other versions of the kind are taken as they are: their paths are not
//! converted. What cannot be read counts as absent, as upstream has it.

use serde_json::{Map, Value, json};

use super::Writer;
use super::set::FieldSet;
use crate::limits;

/// Who owns the oldest fields, once there are too many managers to tell apart.
const ANCIENT: &str = "ancient-changes";
const LAST_APPLIED: &[&str] = &[
    "metadata",
    "annotations",
    "kubectl.kubernetes.io/last-applied-configuration",
];

/// How fields came to be owned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Operation {
    /// By server-side apply.
    Apply,
    /// By any other write.
    Update,
}

/// The fields of one manager.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manager {
    /// Its name.
    pub name: String,
    /// How it writes.
    pub operation: Operation,
    /// The group and version its fields are of.
    pub api_version: String,
    /// The subresource it writes through, or nothing.
    pub subresource: String,
    /// When its fields last changed, in RFC 3339.
    pub time: String,
    /// What it owns.
    pub fields: FieldSet,
}

/// All managers of an object.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ManagedFields {
    managers: Vec<Manager>,
}

impl ManagedFields {
    /// Reads an object's managers.
    #[must_use]
    pub fn read(object: &Value) -> Self {
        object.as_object().map(Self::of_fields).unwrap_or_default()
    }

    /// Reads the managers of an object by its fields.
    #[must_use]
    pub fn of_fields(object: &Map<String, Value>) -> Self {
        let entries = object
            .get("metadata")
            .and_then(|meta| meta.get("managedFields"));
        let entries = entries.and_then(Value::as_array);
        let managers = entries.into_iter().flatten().filter_map(Manager::read);
        Self {
            managers: managers.collect(),
        }
    }

    /// The managers to go on from when `new` is written over `old`: those given, else those there
    /// were, so that clients who know nothing of managers do not delete them. A list with one
    /// empty entry deletes them.
    #[must_use]
    pub fn given_or_kept(new: &Value, old: Option<&Map<String, Value>>) -> Self {
        let given = new.pointer("/metadata/managedFields");
        if given.is_some_and(|given| *given == json!([{}])) {
            return Self::default();
        }
        let given = Self::read(new);
        match old {
            Some(old) if given.managers.is_empty() => Self::of_fields(old),
            _ => given,
        }
    }

    /// Writes the managers into an object, in the order clients see.
    pub fn write(mut self, object: &mut Value) {
        self.managers.retain(|manager| !manager.fields.is_empty());
        self.cap();
        self.managers
            .sort_by(|left, right| left.order().cmp(&right.order()));
        let entries: Vec<Value> = self.managers.iter().map(Manager::entry).collect();
        let Some(object) = object.as_object_mut() else {
            return;
        };
        let meta = object
            .entry("metadata")
            .or_insert_with(|| Value::Object(Map::new()));
        let Some(meta) = meta.as_object_mut() else {
            return;
        };
        if entries.is_empty() {
            meta.remove("managedFields");
        } else {
            meta.insert("managedFields".into(), entries.into());
        }
    }

    /// All managers, in the order read.
    #[must_use]
    pub fn managers(&self) -> &[Manager] {
        &self.managers
    }

    pub(super) fn managers_mut(&mut self) -> &mut [Manager] {
        &mut self.managers
    }

    /// Takes out the entry of a writer.
    pub(super) fn take(&mut self, writer: &Writer<'_>, operation: Operation) -> Option<Manager> {
        let place = self.managers.iter().position(|manager| {
            manager.name == writer.manager
                && manager.operation == operation
                && manager.subresource == writer.subresource
                && (operation == Operation::Apply || manager.api_version == writer.api_version)
        })?;
        Some(self.managers.remove(place))
    }

    pub(super) fn add(&mut self, manager: Manager) {
        self.managers.push(manager);
    }

    /// Turns what `from` owns by updates into what `to` owns by apply: the way from client-side
    /// to server-side apply. The record of the last client-side apply is then nobody's.
    pub fn migrate(&mut self, from: &str, to: &str) {
        let is_source = |manager: &Manager| {
            manager.name == from
                && manager.operation == Operation::Update
                && manager.subresource.is_empty()
        };
        let (sources, mut kept): (Vec<_>, Vec<_>) = std::mem::take(&mut self.managers)
            .into_iter()
            .partition(is_source);
        let is_target = |manager: &Manager| {
            manager.name == to
                && manager.operation == Operation::Apply
                && manager.subresource.is_empty()
        };
        for source in sources {
            let fields = source.fields.outside(&FieldSet::of_paths(&[LAST_APPLIED]));
            match kept.iter_mut().find(|manager| is_target(manager)) {
                Some(target) => target.fields = std::mem::take(&mut target.fields).union(fields),
                None => kept.push(Manager {
                    name: to.into(),
                    operation: Operation::Apply,
                    fields,
                    ..source
                }),
            }
        }
        self.managers = kept;
    }

    /// Folds the oldest updates into one entry per version when there are too many.
    fn cap(&mut self) {
        let (mut updates, mut kept): (Vec<_>, Vec<_>) = std::mem::take(&mut self.managers)
            .into_iter()
            .partition(|manager| manager.operation == Operation::Update);
        if updates.len() > limits::UPDATE_MANAGERS_MAX {
            updates.sort_by(|left, right| left.time.cmp(&right.time));
            let newer = updates.split_off(updates.len() - limits::UPDATE_MANAGERS_MAX + 1);
            for old in updates {
                fold(&mut kept, old);
            }
            updates = newer;
        }
        kept.extend(updates);
        self.managers = kept;
    }
}

fn fold(kept: &mut Vec<Manager>, old: Manager) {
    let is_bucket =
        |manager: &&mut Manager| manager.name == ANCIENT && manager.api_version == old.api_version;
    match kept.iter_mut().find(is_bucket) {
        Some(bucket) => {
            bucket.fields = std::mem::take(&mut bucket.fields).union(old.fields);
            bucket.time = old.time;
        }
        None => kept.push(Manager {
            name: ANCIENT.into(),
            subresource: String::new(),
            ..old
        }),
    }
}

impl Manager {
    fn read(entry: &Value) -> Option<Self> {
        let text = |key: &str| entry[key].as_str().unwrap_or_default().to_owned();
        let operation = match entry["operation"].as_str()? {
            "Apply" => Operation::Apply,
            "Update" => Operation::Update,
            _ => return None,
        };
        Some(Self {
            name: text("manager"),
            operation,
            api_version: text("apiVersion"),
            subresource: text("subresource"),
            time: text("time"),
            fields: FieldSet::from_fields_v1(&entry["fieldsV1"]).ok()?,
        })
    }

    fn entry(&self) -> Value {
        let operation = match self.operation {
            Operation::Apply => "Apply",
            Operation::Update => "Update",
        };
        let mut entry = Map::new();
        let texts = [
            ("manager", self.name.as_str()),
            ("operation", operation),
            ("apiVersion", &self.api_version),
            ("time", &self.time),
            ("fieldsType", "FieldsV1"),
            ("subresource", &self.subresource),
        ];
        for (key, text) in texts.into_iter().filter(|(_, text)| !text.is_empty()) {
            entry.insert(key.into(), text.into());
        }
        entry.insert("fieldsV1".into(), self.fields.to_fields_v1());
        Value::Object(entry)
    }

    fn order(&self) -> impl Ord + '_ {
        (
            self.operation,
            &self.time,
            &self.name,
            &self.api_version,
            &self.subresource,
        )
    }

    /// As conflicts name it.
    #[must_use]
    pub fn shown(&self) -> String {
        let mut shown = format!("{:?}", self.name);
        if !self.subresource.is_empty() {
            shown = format!("{shown} with subresource {:?}", self.subresource);
        }
        if self.operation == Operation::Update {
            shown = format!("{shown} using {}", self.api_version);
        }
        shown
    }
}
