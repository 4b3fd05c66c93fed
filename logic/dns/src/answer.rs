//! What a query gets.
//!
//! Below the cluster's domain the zone knows everything, and says so of what does not exist:
//! clients with search paths depend on it. Everything else is for others to answer, except the
//! names of addresses that the zone knows.

use std::collections::BTreeSet;
use std::net::Ipv4Addr;

use crate::name::Name;
use crate::wire::{Code, Owned, Query, Record, Response, Type};
use crate::zone::Zone;

/// For how many seconds an answer may be remembered: services move, and pods restart.
const TTL_SECONDS: u32 = 5;

/// An alias may lead to another alias, but not for ever.
const ALIASES_MAX: usize = 8;

/// What a query gets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// An answer.
    Reply(Response),
    /// Whatever somebody else says.
    Forward,
    /// An alias, and whatever somebody else says of its target.
    Alias {
        /// The alias, or a chain of them.
        answers: Vec<Owned>,
        /// The name that it ends in, which the zone does not know.
        target: Name,
    },
}

/// Answers a query from the zone, or says that somebody else must.
#[must_use]
pub fn answer(zone: &Zone, query: &Query) -> Answer {
    if !query.name.is_within(zone.domain()) {
        return match zone
            .records(&query.name)
            .filter(|records| !records.is_empty())
        {
            Some(_) => resolve(zone, query),
            None => Answer::Forward,
        };
    }
    if let Some(address) = pod_address(zone, &query.name) {
        let is_wanted = query.kind == Type::A || query.kind == Type::ANY;
        let record = is_wanted.then(|| owned(&query.name, Record::A(address)));
        return Answer::Reply(reply(zone, Code::NoError, record.into_iter().collect()));
    }
    resolve(zone, query)
}

/// Follows aliases from the name in question to records of the type in question.
fn resolve(zone: &Zone, query: &Query) -> Answer {
    let mut answers = Vec::new();
    let mut name = query.name.clone();
    for _ in 0..ALIASES_MAX {
        let Some(found) = zone.records(&name) else {
            let is_alias = !answers.is_empty();
            if is_alias && !name.is_within(zone.domain()) {
                return Answer::Alias {
                    answers,
                    target: name,
                };
            }
            return Answer::Reply(reply(zone, Code::NxDomain, answers));
        };
        let alias = alias(found, query.kind);
        let wanted = found
            .iter()
            .filter(|record| is_asked_for(record, query.kind));
        answers.extend(wanted.map(|record| owned(&name, record.clone())));
        let Some(target) = alias else {
            return Answer::Reply(found_reply(zone, &name, query.kind, answers));
        };
        answers.push(owned(&name, Record::Cname(target.clone())));
        name = target;
    }
    Answer::Reply(reply(zone, Code::ServFail, Vec::new()))
}

/// Where else to look for records of this type, if the name is an alias.
fn alias(records: &BTreeSet<Record>, kind: Type) -> Option<Name> {
    records.iter().find_map(|record| {
        let Record::Cname(target) = record else {
            return None;
        };
        (!is_asked_for(record, kind)).then(|| target.clone())
    })
}

fn is_asked_for(record: &Record, kind: Type) -> bool {
    kind == Type::ANY || record.kind() == kind
}

fn found_reply(zone: &Zone, name: &Name, kind: Type, mut answers: Vec<Owned>) -> Response {
    if name == zone.domain() && is_asked_for(&zone.start(), kind) {
        answers.push(owned(name, zone.start()));
    }
    let additional = answers
        .iter()
        .flat_map(|answer| hosts(zone, &answer.record))
        .collect();
    Response {
        additional,
        ..reply(zone, Code::NoError, answers)
    }
}

/// The addresses that a client who got `record` would ask for next.
fn hosts(zone: &Zone, record: &Record) -> Vec<Owned> {
    let Record::Srv { target, .. } = record else {
        return Vec::new();
    };
    let records = zone.records(target).into_iter().flatten();
    let addresses = records.filter(|record| record.kind() == Type::A);
    addresses
        .map(|record| owned(target, record.clone()))
        .collect()
}

/// A reply that, when it has nothing, names the zone that says so.
fn reply(zone: &Zone, code: Code, answers: Vec<Owned>) -> Response {
    let authority = if answers.is_empty() {
        vec![owned(zone.domain(), zone.start())]
    } else {
        Vec::new()
    };
    Response {
        code,
        authoritative: true,
        answers,
        authority,
        additional: Vec::new(),
    }
}

fn owned(name: &Name, record: Record) -> Owned {
    Owned {
        name: name.clone(),
        ttl: TTL_SECONDS,
        record,
    }
}

/// The address in a pod's name, such as `10-244-0-5.default.pod.cluster.local`.
fn pod_address(zone: &Zone, name: &Name) -> Option<Ipv4Addr> {
    let labels = name.within(zone.domain())?;
    let [address, _namespace, b"pod"] = labels.as_slice() else {
        return None;
    };
    std::str::from_utf8(address)
        .ok()?
        .replace('-', ".")
        .parse()
        .ok()
}
