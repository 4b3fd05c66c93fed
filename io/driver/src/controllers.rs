//! Runs a controller over the API.

use std::fmt;
use std::sync::Arc;

use tokio::task::JoinSet;

use gantry_api::ObjectKey;
use gantry_base::Timestamp;
use gantry_client::Api;
use gantry_gateway::Clock;
use gantry_reconcile::{Awaits, Controller, Plan, Sources, View, Write};

use crate::cache::Cache;
use crate::drive::{Driver, Subject};
use crate::executor::ApiExecutor;
use crate::inbox::Inbox;
use crate::record::Record;

struct Controlled<C> {
    controller: C,
    sources: Sources,
}

impl<C> Subject for Controlled<C>
where
    C: Controller,
    C::World: Send + Sync,
{
    type Key = ObjectKey;
    type World = C::World;
    type Action = Write;

    fn name(&self) -> &'static str {
        C::NAME
    }

    fn awaits(&self) -> Awaits {
        C::AWAITS
    }

    fn all_keys(&self, view: &View) -> Vec<ObjectKey> {
        self.sources.all_keys(view).into_iter().collect()
    }

    fn observe(&self, view: &View, key: &ObjectKey, now: Timestamp) -> Option<C::World> {
        self.controller.observe(view, key, now)
    }

    fn decide(&self, world: &C::World) -> Plan<Write> {
        self.controller.reconcile(world)
    }

    fn concerned(&self, key: &ObjectKey, actions: &[Write]) -> Vec<ObjectKey> {
        let changed = actions.iter().filter_map(Write::key).cloned();
        std::iter::once(key.clone()).chain(changed).collect()
    }

    fn wording(&self, write: &Write) -> String {
        write.to_string()
    }

    fn refused(&self, world: &C::World, write: &Write, why: &str) -> Plan<Write> {
        self.controller.refused(world, write, why)
    }
}

/// What all controllers of a process share.
#[derive(Clone, Debug)]
pub struct Ground {
    /// The view that they look at.
    pub cache: Cache,
    /// The door to time.
    pub clock: Arc<dyn Clock>,
    /// Where they enter what they do.
    pub record: Record,
}

/// Where the keys are left that changes of `sources` make due.
pub fn inbox(sources: &Sources, cache: &Cache) -> Inbox<ObjectKey> {
    let inbox = Inbox::default();
    for source in sources.as_slice() {
        let (keys, inbox) = (Arc::clone(&source.keys), inbox.clone());
        let listener = move |forms: &[&dyn gantry_reconcile::Cached], view: &View| {
            inbox.push(forms.iter().flat_map(|form| keys(*form, view)));
        };
        cache.listen(&source.watched, Arc::new(listener));
    }
    if let Some(keys) = sources.of_defined() {
        let (keys, inbox) = (Arc::clone(keys), inbox.clone());
        let listener = move |forms: &[&dyn gantry_reconcile::Cached], view: &View| {
            inbox.push(forms.iter().flat_map(|form| keys(*form, view)));
        };
        cache.listen_to_defined(Arc::new(listener));
    }
    inbox
}

/// Wires a controller to the cache and starts its loop, which begins when the cache is synced.
pub fn run_controller<C>(controller: C, api: Arc<dyn Api>, ground: &Ground, tasks: &mut JoinSet<()>)
where
    C: Controller,
    C::World: Send + Sync + fmt::Debug,
{
    let Ground {
        cache,
        clock,
        record,
    } = ground.clone();
    let sources = controller.sources();
    let inbox = inbox(&sources, &cache);
    let executor = ApiExecutor::new(api, C::NAME, Arc::clone(&clock));
    let driver = Driver::new(
        Controlled {
            controller,
            sources,
        },
        executor,
        cache.clone(),
        inbox,
        clock,
    )
    .recorded(&record);
    tasks.spawn(async move {
        cache.synced().await;
        driver.run().await;
    });
}
