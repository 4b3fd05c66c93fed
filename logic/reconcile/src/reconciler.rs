//! The traits of everything that keeps a part of the world true.

use std::fmt;

use gantry_api::ObjectKey;
use gantry_base::Timestamp;

use crate::plan::Plan;
use crate::sources::Sources;
use crate::view::View;
use crate::write::Write;

/// Something that keeps a part of the world true.
///
/// Controllers, the kubelet, the service router and the DNS zone are all reconcilers. They differ
/// in what they look at and in what they may do.
pub trait Reconciler: Send + Sync + 'static {
    /// What is looked at in one go.
    type Key: Clone + Ord + Send + fmt::Debug;
    /// Everything the decision depends on, including the time.
    type World;
    /// Everything the decision may lead to.
    type Action;

    /// Decides what to do next. Equal worlds give equal plans.
    fn reconcile(&self, world: &Self::World) -> Plan<Self::Action>;
}

/// A reconciler whose world is API objects and whose actions are API writes.
pub trait Controller: Reconciler<Key = ObjectKey, Action = Write> {
    /// The name it acts and reports under, such as `replicaset-controller`.
    const NAME: &'static str;

    /// Which of its own writes it must see before it decides again.
    const AWAITS: Awaits = Awaits::SameKey;

    /// Which changes make which keys due.
    fn sources(&self) -> Sources;

    /// Gathers the world for `key`, or nothing if there is nothing to keep true.
    fn observe(&self, view: &View, key: &ObjectKey, now: Timestamp) -> Option<Self::World>;

    /// What to do when the API refused one of the plan's writes for good, such as a create that
    /// validation or admission forbids. The rest of the plan is not carried out.
    fn refused(&self, _world: &Self::World, _write: &Write, _why: &str) -> Plan<Write> {
        Plan::nothing()
    }
}

/// Which of its own writes a controller must see before it decides again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Awaits {
    /// Those made for the same key: keys do not influence each other.
    SameKey,
    /// All of them: what one key got, another cannot get.
    AllKeys,
}
