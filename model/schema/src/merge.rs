//! Server-side apply and field ownership.
//!
//! Every write says who owns which fields: [`update`] gives the writer what it changed, [`apply`]
//! merges what the writer wants into what is there, takes out what it no longer wants and nobody
//! else owns, and refuses to change other writers' fields unless forced. Both work on what the
//! caller sent, before defaulting. Times are arguments; nothing here knows a kind.

mod combine;
mod compare;
mod element;
mod fields_v1;
mod last_applied;
mod managers;
mod set;
mod structure;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::LazyLock;

use serde_json::{Map, Value, json};

pub use element::PathElement;
pub use fields_v1::NotationError;
pub use managers::{ManagedFields, Manager, Operation};
pub use set::FieldSet;
pub use structure::MissingKey;

use crate::schema::TypeRef;
use compare::{Difference, compare, compare_with_fields};

/// Owns what was there before the first apply, when nobody had kept track.
const BEFORE_FIRST_APPLY: &str = "before-first-apply";

/// Fields that are the server's: nobody owns them.
static UNOWNED: LazyLock<FieldSet> = LazyLock::new(|| {
    FieldSet::of_paths(&[
        &["apiVersion"],
        &["kind"],
        &["metadata", "clusterName"],
        &["metadata", "creationTimestamp"],
        &["metadata", "deletionGracePeriodSeconds"],
        &["metadata", "deletionTimestamp"],
        &["metadata", "generation"],
        &["metadata", "managedFields"],
        &["metadata", "name"],
        &["metadata", "namespace"],
        &["metadata", "resourceVersion"],
        &["metadata", "selfLink"],
        &["metadata", "uid"],
    ])
});

/// Who writes, and when.
#[derive(Clone, Copy, Debug)]
pub struct Writer<'a> {
    /// The field manager's name.
    pub manager: &'a str,
    /// The group and version written in.
    pub api_version: &'a str,
    /// The subresource written through, or nothing.
    pub subresource: &'a str,
    /// Now, in RFC 3339.
    pub time: &'a str,
    /// Fields this write cannot change, and so does not own: `status` for the object itself, the
    /// rest for its status.
    pub resets: &'a FieldSet,
}

/// Whether apply may take fields from their owners.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Force {
    /// A field that somebody else set to another value is a conflict.
    No,
    /// The applier takes it over.
    Yes,
}

/// Why something could not be applied.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ApplyError {
    /// The configuration speaks of managed fields.
    #[error("metadata.managedFields must be nil")]
    ManagedFieldsGiven,
    /// An item cannot be told apart.
    #[error("tell the items of a list apart")]
    Key(#[from] MissingKey),
    /// Others own fields that would change.
    #[error("{0}")]
    Conflicts(Conflicts),
}

/// A field that somebody else owns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conflict {
    /// Its owner, as messages name it.
    pub manager: String,
    /// The field, as messages name it: `.spec.replicas`.
    pub field: String,
}

impl Conflict {
    /// The message of the cause that clients see for this field.
    #[must_use]
    pub fn message(&self) -> String {
        format!("conflict with {}", self.manager)
    }
}

/// All conflicts of one apply. Prints the message that clients know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conflicts(pub Vec<Conflict>);

impl fmt::Display for Conflicts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let [only] = self.0.as_slice() {
            return write!(
                f,
                "Apply failed with 1 conflict: {}: {}",
                only.message(),
                only.field
            );
        }
        let mut by_manager: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for conflict in &self.0 {
            by_manager
                .entry(&conflict.manager)
                .or_default()
                .push(&conflict.field);
        }
        let lines = by_manager.iter().flat_map(|(manager, fields)| {
            let head = format!("conflicts with {manager}:");
            std::iter::once(head).chain(fields.iter().map(|field| format!("- {field}")))
        });
        let lines: Vec<String> = lines.collect();
        write!(
            f,
            "Apply failed with {} conflicts: {}",
            self.0.len(),
            lines.join("\n")
        )
    }
}

/// Records in `new` who owns what, after a write that is not an apply. `old` is what was there.
/// Meant for the object as it is about to be stored: the writer owns the defaults it caused.
pub fn update(
    old: Option<&Map<String, Value>>,
    new: &mut Value,
    ty: TypeRef<'_>,
    writer: &Writer<'_>,
) {
    // Through a subresource nobody decides who owns what.
    let mut managed = match old {
        Some(old) if !writer.subresource.is_empty() => ManagedFields::of_fields(old),
        _ => ManagedFields::given_or_kept(new, old),
    };
    let difference = match old {
        Some(old) => compare_with_fields(old, new, ty),
        None => Difference {
            changed: structure::added(new, ty),
            removed: FieldSet::new(),
        },
    };
    let difference = difference.outside(&UNOWNED).outside(writer.resets);
    let own = managed.take(writer, Operation::Update);
    surrender(&mut managed, &difference);
    let before = own
        .as_ref()
        .map(|own| own.fields.clone())
        .unwrap_or_default();
    let fields = before
        .difference(&difference.removed)
        .union(difference.changed);
    managed.add(entry(writer, Operation::Update, fields, own));
    managed.write(new);
}

/// Merges what somebody applies into what is live. The result says who owns what.
///
/// Applying the same again changes nothing, not even a time. Fields that the writer cannot change
/// ([`Writer::resets`]) are merged but not owned; the caller puts them back.
pub fn apply(
    live: Option<&Value>,
    config: &Value,
    ty: TypeRef<'_>,
    writer: &Writer<'_>,
    force: Force,
) -> Result<Value, ApplyError> {
    if config
        .pointer("/metadata/managedFields")
        .is_some_and(|given| !given.is_null())
    {
        return Err(ApplyError::ManagedFieldsGiven);
    }
    let wanted = structure::applied(config, ty)?;
    let fields = wanted.clone().outside(&UNOWNED).outside(writer.resets);
    let mut managed = live
        .map(|live| managers_of(live, ty, writer))
        .unwrap_or_default();
    let own = managed.take(writer, Operation::Apply);
    let nothing = json!({});
    let live = live.unwrap_or(&nothing);
    let mut merged = combine::combined(live, config, ty);
    if let Some(own) = &own {
        abandon(&mut merged, &own.fields, wanted, &managed, ty);
    }
    let difference = compare(live, &merged, ty)
        .outside(&UNOWNED)
        .outside(writer.resets);
    let contested = difference
        .changed
        .clone()
        .difference(&last_applied::allowed(live, ty, writer));
    let conflicts = conflicts(&managed, &contested);
    if force == Force::No && !conflicts.0.is_empty() {
        return Err(ApplyError::Conflicts(conflicts));
    }
    last_applied::keep(live, config, &mut merged, writer);
    surrender(&mut managed, &difference);
    managed.add(entry(writer, Operation::Apply, fields, own));
    managed.write(&mut merged);
    Ok(merged)
}

/// The managers of a live object. If there are none, what is there gets an owner, so that the
/// first apply cannot silently change it.
fn managers_of(live: &Value, ty: TypeRef<'_>, writer: &Writer<'_>) -> ManagedFields {
    let mut managed = ManagedFields::read(live);
    if managed.managers().is_empty() {
        managed.add(Manager {
            name: BEFORE_FIRST_APPLY.into(),
            operation: Operation::Update,
            api_version: writer.api_version.into(),
            subresource: String::new(),
            time: writer.time.into(),
            fields: structure::added(live, ty)
                .outside(&UNOWNED)
                .outside(writer.resets),
        });
    }
    managed
}

/// Takes out of `merged` what an applier no longer wants and nobody else owns.
fn abandon(
    merged: &mut Value,
    before: &FieldSet,
    wanted: FieldSet,
    others: &ManagedFields,
    ty: TypeRef<'_>,
) {
    let owned = wanted.union(UNOWNED.clone());
    let owned = others
        .managers()
        .iter()
        .fold(owned, |all, one| all.union(one.fields.clone()));
    let owned = owned.with_named_fields(ty);
    let unwanted = before.with_named_fields(ty).difference(&owned);
    combine::remove(merged, &unwanted, &owned, ty);
}

fn conflicts(others: &ManagedFields, changed: &FieldSet) -> Conflicts {
    let found = others.managers().iter().flat_map(|manager| {
        let fields = manager.fields.intersection(changed).shown().into_iter();
        fields.map(|field| Conflict {
            manager: manager.shown(),
            field,
        })
    });
    Conflicts(found.collect())
}

/// Everybody else loses what was changed or removed.
fn surrender(others: &mut ManagedFields, difference: &Difference) {
    for manager in others.managers_mut() {
        let fields = std::mem::take(&mut manager.fields);
        manager.fields = fields
            .difference(&difference.changed)
            .difference(&difference.removed);
    }
}

/// The writer's entry. Its time moves only when its fields do.
fn entry(
    writer: &Writer<'_>,
    operation: Operation,
    fields: FieldSet,
    before: Option<Manager>,
) -> Manager {
    let same = before.filter(|before| before.fields == fields);
    let time = same.map_or_else(|| writer.time.to_owned(), |before| before.time);
    Manager {
        name: writer.manager.into(),
        operation,
        api_version: writer.api_version.into(),
        subresource: writer.subresource.into(),
        time,
        fields,
    }
}
