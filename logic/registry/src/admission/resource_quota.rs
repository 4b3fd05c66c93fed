//! Objects take no more of their namespace than its quotas allow.
//!
//! What an object takes is written into the quotas in the same transaction as the object, so that
//! two that come at the same time cannot both take the last of it. What is not taken any more is
//! given back by whoever counts again.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::ResourceQuota as Quota;
use serde_json::Value;

use gantry_api::{GroupResource, Object, ObjectKey, Rejection, Revision};
use gantry_base::Quantity;
use gantry_kinds::cost::{Cost, requirements};
use gantry_kinds::{Scope, Subresource};
use gantry_store::{Guard, Key};

use crate::admission::{Admission, is_on};
use crate::call::Call;
use crate::validate;

type Amounts = BTreeMap<String, Quantity>;

pub(super) struct ResourceQuota;

/// One quota as it stands, and what the object takes of it.
struct Share {
    key: ObjectKey,
    quota: Object,
    since: Revision,
    hard: Amounts,
    used: Amounts,
    /// How much more is used than before, or how much less.
    change: Amounts,
    /// What the object should have said.
    unsaid: Vec<String>,
}

impl Admission for ResourceQuota {
    fn plugin(&self) -> Option<&'static str> {
        Some("ResourceQuota")
    }

    fn charge(
        &self,
        call: &mut Call<'_>,
        object: &Object,
        old: Option<&Object>,
    ) -> Result<(), Rejection> {
        let part = call.request.subresource.as_deref();
        let is_charged = part.is_none_or(|part| part == Subresource::Resize.name());
        if !is_charged || call.kind.scope == Scope::Cluster {
            return Ok(());
        }
        if old.is_none() {
            beware_of_new_ones(call);
        }
        announce(call, object, old);
        for share in shares(call, object, old)? {
            share.check(call, object, old.is_none() || part.is_some())?;
            share.take(call);
        }
        Ok(())
    }

    fn removed(&self, call: &mut Call<'_>, object: &Object) -> Result<(), Rejection> {
        let known = record(object.name());
        if is_on(call, "", "namespaces") && call.snapshot.get(&known).is_some() {
            call.give_back(known);
        }
        Ok(())
    }
}

/// An object that was decided before there was a quota, and is written after it, would not be in
/// it: the write counts only if no quota of the namespace is newer than what was looked at.
fn beware_of_new_ones(call: &mut Call<'_>) {
    let key = record(call.request.namespace());
    call.require(match call.snapshot.get(&key) {
        None => Guard::Absent(key),
        Some(stored) => Guard::Unchanged {
            since: stored.modified,
            key,
        },
    });
}

/// A quota that says something new is announced to those who are on their way.
fn announce(call: &mut Call<'_>, object: &Object, old: Option<&Object>) {
    let is_new = old.is_none_or(|old| old.at(&["spec"]) != object.at(&["spec"]));
    if is_new && is_on(call, "", "resourcequotas") {
        let key = record(call.request.namespace());
        call.write(key, &Object::default());
    }
}

/// What is rewritten whenever a namespace gets a quota, or another one.
fn record(namespace: &str) -> Key {
    Key::new(format!("~quotas//{namespace}"))
}

/// What the object takes of each quota, where that is something.
fn shares(call: &Call<'_>, object: &Object, old: Option<&Object>) -> Result<Vec<Share>, Rejection> {
    let resource = GroupResource::new("", "resourcequotas");
    let prefix = ObjectKey::prefix(&resource, Some(call.request.namespace()));
    let mut quotas = call.snapshot.range(&prefix, None).peekable();
    if quotas.peek().is_none() {
        return Ok(Vec::new());
    }
    let new = cost(call, object)?;
    let old = old.map(|old| cost(call, old)).transpose()?;
    let shares = quotas.map(|(_, stored)| {
        let quota = stored.value.object(stored.modified);
        Share::of(quota, stored.modified, &new, old.as_ref())
    });
    shares.collect::<Result<_, _>>()
}

fn cost(call: &Call<'_>, object: &Object) -> Result<Cost, Rejection> {
    call.kind.cost(object, call.now).map_err(validate::shape)
}

impl Share {
    fn of(
        quota: Object,
        since: Revision,
        new: &Cost,
        old: Option<&Cost>,
    ) -> Result<Self, Rejection> {
        let typed: Quota = quota.to_typed().map_err(validate::shape)?;
        let spec = typed.spec.unwrap_or_default();
        let status = typed.status.unwrap_or_default();
        let hard = gantry_api::views::amounts::read(spec.hard.as_ref());
        let is_meant = |cost: &Cost| cost.is_meant(requirements(&spec));
        let mut change = Amounts::new();
        for (name, amount) in new.amounts.iter().filter(|_| is_meant(new)) {
            *change.entry(name.clone()).or_default() = *amount;
        }
        for (name, amount) in old
            .filter(|old| is_meant(old))
            .iter()
            .flat_map(|old| &old.amounts)
        {
            let known = change.entry(name.clone()).or_default();
            *known = *known - *amount;
        }
        change.retain(|name, amount| hard.contains_key(name) && !amount.is_zero());
        let unsaid = new.unsaid.iter().filter(|_| is_meant(new));
        let unsaid = unsaid.filter(|(name, _)| hard.contains_key(**name));
        let words = unsaid.map(|(name, parts)| {
            let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
            format!("{name} for: {}", parts.join(","))
        });
        let resource = GroupResource::new("", "resourcequotas");
        Ok(Self {
            key: ObjectKey::new(resource, quota.namespace(), quota.name()),
            unsaid: words.collect(),
            used: gantry_api::views::amounts::read(status.used.as_ref()),
            quota,
            since,
            hard,
            change,
        })
    }

    /// Refuses an object that does not say what it takes, or takes more than is left.
    fn check(&self, call: &Call<'_>, object: &Object, must_say: bool) -> Result<(), Rejection> {
        let quota = self.quota.name();
        let refuse = |why: String| Err(Rejection::forbidden(call.resource(), object.name(), why));
        if must_say && !self.unsaid.is_empty() {
            let unsaid = self.unsaid.join("; ");
            return refuse(format!("failed quota: {quota}: must specify {unsaid}"));
        }
        let more = self
            .change
            .iter()
            .filter(|(_, amount)| !amount.is_negative());
        let more: Vec<(&String, Quantity)> = more.map(|(name, more)| (name, *more)).collect();
        let unknown = more
            .iter()
            .filter(|(name, _)| !self.used.contains_key(*name));
        let unknown: Vec<&str> = unknown.map(|(name, _)| name.as_str()).collect();
        if !unknown.is_empty() {
            let unknown = unknown.join(",");
            return refuse(format!(
                "status unknown for quota: {quota}, resources: {unknown}"
            ));
        }
        let exceeding = more.iter().filter(|(name, more)| {
            let left = self.hard.get(*name).copied().unwrap_or_default();
            self.used[*name] + *more > left
        });
        let exceeding: Vec<&String> = exceeding.map(|(name, _)| *name).collect();
        if exceeding.is_empty() {
            return Ok(());
        }
        refuse(format!(
            "exceeded quota: {quota}, requested: {}, used: {}, limited: {}",
            shown(&self.change, &exceeding),
            shown(&self.used, &exceeding),
            shown(&self.hard, &exceeding),
        ))
    }

    /// Writes what is used then, together with the object.
    fn take(mut self, call: &mut Call<'_>) {
        let before = self.quota.clone();
        for (name, change) in &self.change {
            let Some(used) = self.used.get(name) else {
                continue;
            };
            let used = (*used + *change).max(Quantity::ZERO);
            let path = ["status", "used", name];
            self.quota.set(&path, Value::from(used.to_string()));
        }
        if self.quota != before {
            call.amend(&self.key, self.since, &self.quota);
        }
    }
}

fn shown(amounts: &Amounts, names: &[&String]) -> String {
    let pairs = names.iter().map(|name| {
        let amount = amounts.get(*name).copied().unwrap_or_default();
        format!("{name}={amount}")
    });
    pairs.collect::<Vec<_>>().join(",")
}
