//! Says of every range of service addresses whether it may be used, and holds one that is to go
//! while services have addresses that are in no other.

#[cfg(test)]
mod tests;

use std::net::IpAddr;
use std::sync::Arc;

use k8s_openapi::api::networking::v1::{IPAddress, ServiceCIDR};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};

use gantry_api::views::Meta;
use gantry_api::{GroupResource, ObjectKey, Revision};
use gantry_base::time::whole_seconds;
use gantry_base::{Cidr, Timestamp};
use gantry_reconcile::{Controller, Plan, Reconciler, Sources, View, Write};

const FINALIZER: &str = "networking.k8s.io/service-cidr-finalizer";
const READY: &str = "Ready";

/// The controller of ranges of service addresses.
#[derive(Clone, Copy, Debug, Default)]
pub struct ServiceCidrs;

/// One range, whether anybody needs it, and how many addresses were seen.
#[derive(Debug)]
pub struct World {
    range: Arc<ServiceCIDR>,
    is_needed: bool,
    seen: Revision,
    now: Timestamp,
}

impl Controller for ServiceCidrs {
    const NAME: &'static str = "service-cidrs-controller";

    fn sources(&self) -> Sources {
        let all = |view: &View| -> Vec<ObjectKey> {
            let ranges = view.all::<ServiceCIDR>();
            ranges.map(|range| range.key()).collect()
        };
        Sources::new()
            .mapped::<ServiceCIDR>(move |range, view| {
                all(view).into_iter().chain([range.key()]).collect()
            })
            .mapped::<IPAddress>(|_, view| {
                let ranges = view.all::<ServiceCIDR>();
                let going = ranges.filter(|range| range.is_terminating());
                going.map(|range| range.key()).collect()
            })
    }

    fn observe(&self, view: &View, key: &ObjectKey, now: Timestamp) -> Option<World> {
        let range = view.get::<ServiceCIDR>("", &key.name)?;
        let resource = GroupResource::of::<IPAddress>();
        Some(World {
            is_needed: range.is_terminating() && is_needed(&range, view),
            seen: view.revision(&resource).unwrap_or_default(),
            range,
            now,
        })
    }
}

/// Whether an address lies in this range and in no other that stays.
fn is_needed(range: &ServiceCIDR, view: &View) -> bool {
    let others = view.all::<ServiceCIDR>();
    let others = others.filter(|other| other.name() != range.name() && !other.is_terminating());
    let others: Vec<Cidr> = others.flat_map(|other| blocks(&other)).collect();
    let own = blocks(range);
    let mut addresses = view.all::<IPAddress>();
    addresses.any(|address| {
        let Ok(address) = address.name().parse::<IpAddr>() else {
            return false;
        };
        let holds = |blocks: &[Cidr]| blocks.iter().any(|block| block.contains(address));
        holds(&own) && !holds(&others)
    })
}

fn blocks(range: &ServiceCIDR) -> Vec<Cidr> {
    let spec = range.spec.iter();
    let texts = spec.flat_map(|spec| spec.cidrs.iter().flatten());
    texts.filter_map(|text| text.parse().ok()).collect()
}

impl Reconciler for ServiceCidrs {
    type Key = ObjectKey;
    type World = World;
    type Action = Write;

    fn reconcile(&self, world: &World) -> Plan<Write> {
        let mut plan = Plan::default();
        let known = world.range.metadata.finalizers.as_deref().unwrap_or(&[]);
        let is_held = known.iter().any(|known| known == FINALIZER);
        if !world.range.is_terminating() {
            if is_held {
                ready(world, &mut plan);
            } else {
                let finalizers = known.iter().cloned().chain([FINALIZER.to_owned()]);
                hold(world, finalizers.collect(), Vec::new(), &mut plan);
            }
        } else if is_held && world.is_needed {
            waiting(world, &mut plan);
        } else if is_held {
            let finalizers = known.iter().filter(|known| *known != FINALIZER).cloned();
            // An address that was given out just before nobody gives any more may not be seen yet.
            let seen = vec![(GroupResource::of::<IPAddress>(), world.seen)];
            hold(world, finalizers.collect(), seen, &mut plan);
        }
        plan
    }
}

fn hold(
    world: &World,
    finalizers: Vec<String>,
    evidence: Vec<(GroupResource, Revision)>,
    plan: &mut Plan<Write>,
) {
    let mut range = ServiceCIDR::clone(&world.range);
    range.metadata.finalizers = Some(finalizers).filter(|left| !left.is_empty());
    let mut write = Write::update(&range);
    if let Write::Update { seen, .. } = &mut write {
        *seen = evidence;
    }
    plan.act(write);
}

fn ready(world: &World, plan: &mut Plan<Write>) {
    say(
        world,
        ("True", "", "Kubernetes Service CIDR is ready"),
        plan,
    );
}

fn waiting(world: &World, plan: &mut Plan<Write>) {
    let message = "There are still IPAddresses referencing the ServiceCIDR, please remove them or \
                   create a new ServiceCIDR";
    say(world, ("False", "Terminating", message), plan);
}

/// Says whether the range is ready, when that was not said yet.
fn say(world: &World, (word, reason, message): (&str, &str, &str), plan: &mut Plan<Write>) {
    let mut range = ServiceCIDR::clone(&world.range);
    let conditions = &mut range.status.get_or_insert_default().conditions;
    let conditions = conditions.get_or_insert_default();
    let known = conditions
        .iter()
        .any(|known| known.type_ == READY && known.status == word && known.message == message);
    if known {
        return;
    }
    conditions.retain(|known| known.type_ != READY);
    conditions.push(Condition {
        type_: READY.to_owned(),
        status: word.to_owned(),
        reason: reason.to_owned(),
        message: message.to_owned(),
        observed_generation: world.range.metadata.generation,
        last_transition_time: Time(whole_seconds(world.now)),
    });
    plan.act(Write::update_status(&range));
}
