//! What `kubectl get ingresses` shows.

use std::collections::BTreeSet;

use k8s_openapi::api::networking::v1::{Ingress, IngressLoadBalancerIngress};

use super::class;
use crate::column::Column;
use crate::parts::cell;

/// How many hosts are named.
const SHOWN: usize = 3;

pub(super) const COLUMNS: &[Column<Ingress>] = &[
    Column::NAME,
    Column::text("Class", "Who makes it work.", |ingress, _| {
        cell::or_none(class(ingress).unwrap_or(""))
    }),
    Column::text("Hosts", "The hosts it answers for.", |ingress, _| {
        hosts(ingress).into()
    }),
    Column::text("Address", "Where it can be reached.", |ingress, _| {
        addresses(ingress).into()
    }),
    Column::text("Ports", "The ports it listens on.", |ingress, _| {
        ports(ingress).into()
    }),
    Column::AGE,
];

fn hosts(ingress: &Ingress) -> String {
    let spec = ingress.spec.as_ref();
    let rules = spec.and_then(|spec| spec.rules.as_deref()).unwrap_or(&[]);
    let named = rules.iter().filter_map(|rule| rule.host.as_deref());
    let named = named.filter(|host| !host.is_empty());
    let shown: Vec<&str> = named.take(SHOWN).collect();
    if shown.is_empty() {
        return "*".to_owned();
    }
    // What is left out is counted by rules, once as many hosts as fit are named.
    let named = shown.join(",");
    if shown.len() == SHOWN && rules.len() > SHOWN {
        format!("{named} + {} more...", rules.len() - SHOWN)
    } else {
        named
    }
}

fn addresses(ingress: &Ingress) -> String {
    let status = ingress.status.as_ref();
    let balancer = status.and_then(|status| status.load_balancer.as_ref());
    let entries = balancer
        .iter()
        .flat_map(|given| given.ingress.iter().flatten());
    let distinct: BTreeSet<&str> = entries.filter_map(address).collect();
    distinct.into_iter().collect::<Vec<_>>().join(",")
}

fn address(entry: &IngressLoadBalancerIngress) -> Option<&str> {
    let given = |text: &&str| !text.is_empty();
    let ip = entry.ip.as_deref().filter(given);
    ip.or_else(|| entry.hostname.as_deref().filter(given))
}

fn ports(ingress: &Ingress) -> &'static str {
    let tls = ingress.spec.as_ref().and_then(|spec| spec.tls.as_ref());
    if tls.is_some_and(|tls| !tls.is_empty()) {
        "80, 443"
    } else {
        "80"
    }
}
