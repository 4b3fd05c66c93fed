//! What a world looks like in the end, with everything left out that may differ: who has which uid,
//! address or drawn name, when what happened, and how often something was written.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use gantry_api::ObjectKey;
use gantry_base::Timestamp;
use gantry_store::{Revision, Snapshot};

/// What is left out of every object's metadata.
const DROPPED: [&str; 7] = [
    "uid",
    "resourceVersion",
    "generation",
    "creationTimestamp",
    "deletionTimestamp",
    "managedFields",
    "generateName",
];
/// What somebody else writes when they write first.
const REMARK: &str = "example.com/seen";
/// What the names of volumes with tokens begin with; the rest is drawn.
const TOKENS: &str = "kube-api-access-";

/// What a world looks like: each object's address and content as text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Picture(BTreeMap<String, String>);

/// An object on its way into a picture.
struct Piece {
    key: ObjectKey,
    uid: String,
    generated_from: Option<String>,
    address: Option<String>,
    content: Value,
}

type Names = BTreeMap<String, String>;

impl Picture {
    /// What `snapshot` shows. What did not change since `base` is only known to be there.
    pub(super) fn of(snapshot: &Snapshot, base: Revision, shows_events: bool) -> Self {
        let mut picture = BTreeMap::new();
        let mut pieces = Vec::new();
        for (key, stored) in snapshot.range("", None) {
            let Some(key) = key.object() else { continue };
            if stored.modified <= base {
                let address = format!("{} {}/{}", key.resource, key.namespace, key.name);
                picture.insert(address, "as it was".to_owned());
                continue;
            }
            let ignored = match key.resource.resource.as_str() {
                "events" => !shows_events,
                "leases" => true,
                _ => false,
            };
            if !ignored {
                pieces.push(Piece::of(
                    key,
                    Value::Object(stored.value.object(stored.modified).0),
                ));
            }
        }
        let names = names(&pieces);
        for piece in &pieces {
            let name = names.get(&piece.key.name).unwrap_or(&piece.key.name);
            let (resource, namespace) = (&piece.key.resource, &piece.key.namespace);
            let content = neutral(&piece.content, &names).to_string();
            picture.insert(format!("{resource} {namespace}/{name}"), content);
        }
        Self(picture)
    }

    /// How `other` differs, a line for each object.
    pub(super) fn against(&self, other: &Self) -> Vec<String> {
        let here = self
            .0
            .iter()
            .filter_map(|(key, content)| match other.0.get(key) {
                None => Some(format!("{key} is missing")),
                Some(found) if found != content => Some(difference(key, content, found)),
                Some(_) => None,
            });
        let more = other.0.keys().filter(|key| !self.0.contains_key(*key));
        here.chain(more.map(|key| format!("{key} is too many")))
            .collect()
    }
}

/// The shortest words for how two contents differ.
fn difference(key: &str, wanted: &str, found: &str) -> String {
    let pairs = wanted.chars().zip(found.chars());
    let same = pairs.take_while(|(left, right)| left == right).count();
    let part = |text: &str| {
        let from = same.saturating_sub(60);
        text.chars().skip(from).take(160).collect::<String>()
    };
    format!("{key} has …{}… instead of …{}…", part(found), part(wanted))
}

impl Piece {
    fn of(key: ObjectKey, mut content: Value) -> Self {
        let text = |path: &str| {
            let found = content.pointer(path).and_then(Value::as_str);
            found.map(str::to_owned)
        };
        let (uid, generated_from) = (text("/metadata/uid"), text("/metadata/generateName"));
        let address = text("/status/podIP");
        strip(&mut content);
        Self {
            key,
            uid: uid.unwrap_or_default(),
            generated_from,
            address,
            content,
        }
    }
}

fn strip(content: &mut Value) {
    let generation = content.pointer("/metadata/generation").cloned();
    if let Some(observed) = content.pointer_mut("/status/observedGeneration") {
        let is_current = generation.as_ref() == Some(observed);
        *observed = Value::from(if is_current { "current" } else { "behind" });
    }
    let is_terminating = content.pointer("/metadata/deletionTimestamp").is_some();
    let Some(metadata) = content.get_mut("metadata").and_then(Value::as_object_mut) else {
        return;
    };
    for field in DROPPED {
        metadata.remove(field);
    }
    if is_terminating {
        metadata.insert("terminating".to_owned(), true.into());
    }
    let annotations = metadata.get_mut("annotations");
    if let Some(annotations) = annotations.and_then(Value::as_object_mut) {
        annotations.remove(REMARK);
        if annotations.is_empty() {
            metadata.remove("annotations");
        }
    }
}

/// What drawn names, uids and addresses stand for: objects of equal content are interchangeable, so
/// they are numbered in the order of their contents.
fn names(pieces: &[Piece]) -> Names {
    let mut blank = Names::new();
    for piece in pieces {
        let of = |what: &str| format!("{what} of {}", piece.key.resource);
        if piece.generated_from.is_some() {
            blank.insert(piece.key.name.clone(), of("name"));
        }
        blank.insert(piece.uid.clone(), of("uid"));
        blank.extend(
            piece
                .address
                .clone()
                .map(|address| (address, of("address"))),
        );
    }
    let mut order: Vec<(String, &Piece)> = pieces
        .iter()
        .map(|piece| (neutral(&piece.content, &blank).to_string(), piece))
        .collect();
    order.sort_by(|left, right| left.0.cmp(&right.0));
    let (mut names, mut counts) = (Names::new(), BTreeMap::<String, usize>::new());
    for (_, piece) in order {
        let name = piece.generated_from.as_ref().map(|base| {
            let (resource, namespace) = (&piece.key.resource, &piece.key.namespace);
            let family = format!("{resource} {namespace}/{base}");
            let count = counts.entry(family).or_default();
            *count += 1;
            format!("{base}#{count}")
        });
        let shown = name.clone().unwrap_or_else(|| piece.key.name.clone());
        let of = |what: &str| format!("{what} of {} {shown}", piece.key.resource);
        names.insert(piece.uid.clone(), of("uid"));
        names.extend(
            piece
                .address
                .clone()
                .map(|address| (address, of("address"))),
        );
        names.extend(name.map(|name| (piece.key.name.clone(), name)));
    }
    names
}

/// The same without what may differ: names as given, no times, lists in one order.
fn neutral(value: &Value, names: &Names) -> Value {
    match value {
        Value::String(text) => Value::String(neutral_text(text, names)),
        Value::Array(items) => {
            let mut items: Vec<Value> = items.iter().map(|item| neutral(item, names)).collect();
            items.sort_by_cached_key(Value::to_string);
            Value::Array(items)
        }
        Value::Object(fields) => {
            let mut all: Vec<(&String, &Value)> = fields.iter().collect();
            all.sort_by_key(|(field, _)| *field);
            let fields = all.into_iter().map(|(field, value)| match field.as_str() {
                // Whoever chooses by an elder view chooses otherwise, and may.
                "nodeName" if value.is_string() => (field.clone(), "a node".into()),
                _ => (field.clone(), neutral(value, names)),
            });
            Value::Object(fields.collect::<Map<String, Value>>())
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
    }
}

fn neutral_text(text: &str, names: &Names) -> String {
    if let Some(name) = names.get(text) {
        return name.clone();
    }
    if text.starts_with(TOKENS) {
        return TOKENS.to_owned();
    }
    if text.parse::<Timestamp>().is_ok() {
        return "a time".to_owned();
    }
    let is_uid = text.len() == 36 && text.split('-').count() == 5;
    if is_uid { "uid of nothing" } else { text }.to_owned()
}
