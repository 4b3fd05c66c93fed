//! Gives the kinds that users define their names, and takes them back when a definition goes.
//!
//! Names are unique within a group: who asks for one that is taken waits until it is free. What is
//! accepted is established at once, for whoever serves it reads the same objects. A definition goes
//! last, when no object of its kinds is left.

use std::collections::BTreeSet;
use std::sync::Arc;

use k8s_openapi::api::core::v1::Namespace;
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{
    CustomResourceDefinition as Definition, CustomResourceDefinitionCondition as Condition,
    CustomResourceDefinitionNames as Names,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

use gantry_api::views::Meta;
use gantry_api::{GroupResource, ObjectKey};
use gantry_base::Timestamp;
use gantry_base::time::whole_seconds;
use gantry_kinds::apiextensions::CLEANUP;
use gantry_reconcile::{Controller, Plan, Reconciler, Sources, View, Write};

const ACCEPTED: &str = "NamesAccepted";
const ESTABLISHED: &str = "Established";
const TERMINATING: &str = "Terminating";

/// The controller of definitions.
#[derive(Clone, Copy, Debug, Default)]
pub struct CustomDefinitions;

/// One definition, and what stands against it.
#[derive(Debug)]
pub enum World {
    /// It is there to stay.
    Wanted {
        /// Now.
        now: Timestamp,
        /// The definition.
        definition: Arc<Definition>,
        /// The names that others of its group have.
        taken: Taken,
    },
    /// It goes as soon as nothing of it is left.
    Going {
        /// Now.
        now: Timestamp,
        /// The definition.
        definition: Arc<Definition>,
        /// Where its objects may be: namespaces, or one empty name.
        places: Vec<String>,
    },
}

/// The names that are taken in a group.
#[derive(Debug, Default)]
pub struct Taken {
    resources: BTreeSet<String>,
    kinds: BTreeSet<String>,
}

impl Controller for CustomDefinitions {
    const NAME: &'static str = "customresourcedefinition-controller";
    const AWAITS: gantry_reconcile::Awaits = gantry_reconcile::Awaits::AllKeys;

    fn sources(&self) -> Sources {
        Sources::new()
            .read::<Namespace>()
            .mapped::<Definition>(concerned)
    }

    fn observe(&self, view: &View, key: &ObjectKey, now: Timestamp) -> Option<World> {
        let definition = view.get::<Definition>("", &key.name)?;
        if definition.is_terminating() {
            let finalizers = definition.metadata.finalizers.iter().flatten();
            let is_held = finalizers.into_iter().any(|own| own == CLEANUP);
            return is_held.then(|| World::Going {
                now,
                places: places(view, &definition),
                definition,
            });
        }
        let taken = taken(view, &definition);
        Some(World::Wanted {
            now,
            definition,
            taken,
        })
    }
}

/// A changed definition is looked at, and with it those of its group that still wait for names.
fn concerned(definition: &Definition, view: &View) -> Vec<ObjectKey> {
    let waits = |other: &Arc<Definition>| {
        other.spec.group == definition.spec.group
            && other.name() != definition.name()
            && condition(other, ACCEPTED).is_some_and(|own| own.status == "False")
    };
    let waiting = view.all::<Definition>().filter(waits);
    let waiting = waiting.map(|other| other.key());
    std::iter::once(definition.key()).chain(waiting).collect()
}

fn places(view: &View, definition: &Definition) -> Vec<String> {
    if definition.spec.scope == "Cluster" {
        return vec![String::new()];
    }
    let namespaces = view.all::<Namespace>();
    namespaces
        .map(|namespace| namespace.name().to_owned())
        .collect()
}

fn taken(view: &View, definition: &Definition) -> Taken {
    let mut taken = Taken::default();
    let all = view.all::<Definition>();
    let others = all.filter(|other| {
        other.spec.group == definition.spec.group && other.name() != definition.name()
    });
    for other in others {
        let Some(names) = accepted(&other) else {
            continue;
        };
        let resources = std::iter::once(&names.plural).chain(&names.singular);
        let resources = resources.chain(names.short_names.iter().flatten());
        taken.resources.extend(resources.cloned());
        let kinds = std::iter::once(&names.kind).chain(&names.list_kind);
        taken.kinds.extend(kinds.cloned());
    }
    taken
}

fn accepted(definition: &Definition) -> Option<&Names> {
    definition.status.as_ref()?.accepted_names.as_ref()
}

fn condition<'a>(definition: &'a Definition, about: &str) -> Option<&'a Condition> {
    let conditions = definition.status.as_ref()?.conditions.iter().flatten();
    conditions.into_iter().find(|own| own.type_ == about)
}

impl Reconciler for CustomDefinitions {
    type Key = ObjectKey;
    type World = World;
    type Action = Write;

    fn reconcile(&self, world: &World) -> Plan<Write> {
        let mut plan = Plan::default();
        match world {
            World::Wanted {
                now,
                definition,
                taken,
            } => {
                let named = named(definition, taken, *now);
                if named.status != definition.status {
                    plan.act(Write::update_status(&named));
                }
            }
            World::Going {
                now,
                definition,
                places,
            } => end(definition, places, *now, &mut plan),
        }
        plan
    }
}

/// The definition with the names it can have, and with what is to be said of them.
fn named(definition: &Definition, taken: &Taken, now: Timestamp) -> Definition {
    let wanted = &definition.spec.names;
    let known = accepted(definition).cloned().unwrap_or_default();
    let (names, conflict) = settled(wanted, &known, taken);
    let mut named = definition.clone();
    named.status.get_or_insert_default().accepted_names = Some(names);
    match &conflict {
        None => set(
            &mut named,
            ACCEPTED,
            "True",
            ("NoConflicts", "no conflicts found"),
            now,
        ),
        Some((reason, told)) => set(&mut named, ACCEPTED, "False", (reason, told), now),
    }
    let was = condition(definition, ESTABLISHED).is_some_and(|own| own.status == "True");
    if !was && conflict.is_none() {
        let told = (
            "InitialNamesAccepted",
            "the initial names have been accepted",
        );
        set(&mut named, ESTABLISHED, "True", told, now);
    } else if !was {
        let told = ("NotAccepted", "not all names are accepted");
        set(&mut named, ESTABLISHED, "False", told, now);
    }
    named
}

/// What stands against the names: a word and a sentence.
type Conflict = Option<(&'static str, String)>;

/// Of the names that are wanted those that are free; the others stay as they are known.
fn settled(wanted: &Names, known: &Names, taken: &Taken) -> (Names, Conflict) {
    let mut names = known.clone();
    let mut conflict = None;
    let clash = |set: &BTreeSet<String>, new: &str, old: &str| {
        let is_taken = new != old && set.contains(new);
        is_taken.then(|| format!("{new:?} is already in use"))
    };
    let text = |name: &Option<String>| name.clone().unwrap_or_default();
    let (resources, kinds) = (&taken.resources, &taken.kinds);
    match clash(resources, &wanted.plural, &known.plural) {
        Some(told) => conflict = Some(("PluralConflict", told)),
        None => names.plural.clone_from(&wanted.plural),
    }
    match clash(resources, &text(&wanted.singular), &text(&known.singular)) {
        Some(told) => conflict = Some(("SingularConflict", told)),
        None => names.singular.clone_from(&wanted.singular),
    }
    let own: Vec<&String> = known.short_names.iter().flatten().collect();
    let new = wanted.short_names.iter().flatten();
    let clashes = new
        .filter(|name| !own.contains(name))
        .filter_map(|name| clash(resources, name, ""));
    let clashes: Vec<String> = clashes.collect();
    match clashes.as_slice() {
        [] => names.short_names.clone_from(&wanted.short_names),
        [only] => conflict = Some(("ShortNamesConflict", only.clone())),
        all => conflict = Some(("ShortNamesConflict", format!("[{}]", all.join(", ")))),
    }
    match clash(kinds, &wanted.kind, &known.kind) {
        Some(told) => conflict = Some(("KindConflict", told)),
        None => names.kind.clone_from(&wanted.kind),
    }
    match clash(kinds, &text(&wanted.list_kind), &text(&known.list_kind)) {
        Some(told) => conflict = Some(("ListKindConflict", told)),
        None => names.list_kind.clone_from(&wanted.list_kind),
    }
    names.categories.clone_from(&wanted.categories);
    (names, conflict)
}

/// Says something of the definition; since when only changes with what is said.
fn set(
    definition: &mut Definition,
    about: &str,
    status: &str,
    (reason, message): (&str, &str),
    now: Timestamp,
) {
    let known = condition(definition, about);
    let since = known
        .filter(|known| known.status == status)
        .and_then(|known| known.last_transition_time.clone());
    let condition = Condition {
        type_: about.to_owned(),
        status: status.to_owned(),
        reason: Some(reason.to_owned()),
        message: Some(message.to_owned()),
        last_transition_time: Some(since.unwrap_or(Time(whole_seconds(now)))),
        ..known.cloned().unwrap_or_default()
    };
    let status = definition.status.get_or_insert_default();
    let all = status.conditions.get_or_insert_default();
    match all.iter_mut().find(|own| own.type_ == about) {
        Some(own) => *own = condition,
        None => all.push(condition),
    }
}

/// Deletes all objects of the definition's kinds. Once there were none anywhere, it may go.
fn end(definition: &Definition, places: &[String], now: Timestamp, plan: &mut Plan<Write>) {
    let was = condition(definition, ESTABLISHED).is_some_and(|own| own.status == "True");
    let mut done = definition.clone();
    if was {
        let told = (
            "InstanceDeletionInProgress",
            "CustomResource deletion is in progress",
        );
        set(&mut done, TERMINATING, "True", told, now);
        if done.status != definition.status {
            // The next look goes on from there.
            return plan.act(Write::update_status(&done));
        }
        for place in places {
            plan.act(Write::DeleteAll {
                resource: GroupResource::new(
                    &*definition.spec.group,
                    &*definition.spec.names.plural,
                ),
                namespace: place.clone(),
            });
        }
        let told = ("InstanceDeletionCompleted", "removed all instances");
        set(&mut done, TERMINATING, "False", told, now);
    } else {
        let told = ("NeverEstablished", "resource was never established");
        set(&mut done, TERMINATING, "False", told, now);
    }
    let finalizers = done.metadata.finalizers.get_or_insert_default();
    finalizers.retain(|own| own != CLEANUP);
    plan.act(Write::update_status(&done));
}

#[cfg(test)]
mod tests;
