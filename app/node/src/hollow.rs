//! Hollow nodes: they register, keep their leases, follow their pods and report them running, with
//! no container behind any of it. Servers are put under load with them.
//!
//! All nodes of a process share one connection, and one watch each of pods, nodes and leases.
//! What a node decides is decided by the kubelet's own functions; the machine that it decides about
//! is a value. Nothing is routed to hollow pods, and the requests are made in the name of whoever
//! the connection belongs to.

mod beats;
mod limits;
mod living;
mod node;
mod parts;
mod pods;
mod referred;
mod rights;
mod tasks;
mod troubles;

use std::sync::{Arc, PoisonError};

use k8s_openapi::api::coordination::v1::Lease;
use k8s_openapi::api::core::v1::Node as NodeObject;
use tokio::task::JoinSet;

use gantry_client::Api;
use gantry_driver::{ApiExecutor, Driver, End, Executor};
use gantry_gateway::Clock;
use gantry_kubelet::hollow::{Fleet, Member};
use gantry_reconcile::{Watched, Write};

use crate::notes::Notes;
use node::Node;
use parts::Parts;

/// Hollow nodes that live.
#[derive(Debug)]
pub struct HollowNodes {
    parts: Arc<Parts>,
    nodes: Vec<Arc<Node>>,
    tasks: JoinSet<()>,
}

/// Why there are no hollow nodes, or why they are still there.
#[derive(Debug, thiserror::Error)]
pub enum HollowError {
    /// The server could not be asked what is allowed.
    #[error("ask the server what is allowed: {0}")]
    Unasked(gantry_api::Rejection),
    /// Something that hollow nodes do is not allowed.
    #[error(
        "make hollow nodes: the server does not allow this user to {}. \
         Use the credentials of an administrator", .0.join(", ")
    )]
    NotAllowed(Vec<String>),
    /// There is a real node of that name.
    #[error(
        "make the hollow node {0:?}: there is a node of that name that is not hollow. \
         Choose another prefix or first number"
    )]
    Taken(String),
    /// The objects of the nodes would not go.
    #[error("remove the nodes: {0}")]
    Kept(String),
}

impl HollowNodes {
    /// Starts the nodes of `fleet`, which use `api` as whoever it is for. They go on by themselves,
    /// whatever becomes of the server meanwhile.
    ///
    /// # Errors
    /// The server cannot be reached or does not allow it, or a name is taken.
    pub async fn start(
        fleet: &Fleet,
        api: Arc<dyn Api>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, HollowError> {
        rights::check(api.as_ref()).await?;
        let (notes, record) = Notes::new(Arc::clone(&api), Arc::clone(&clock));
        let parts = Arc::new(Parts::new(api, clock, notes));
        let nodes: Vec<Arc<Node>> = fleet
            .members()
            .map(|member| Arc::new(Node::new(member, &parts)))
            .collect();
        let mut tasks = JoinSet::new();
        tasks.spawn(record);
        pods::listen(&parts.cache, &nodes);
        parts.cache.hold(&Watched::of::<NodeObject>());
        parts.cache.hold(&Watched::of::<Lease>());
        parts.cache.start(&parts.api, &parts.clock, &mut tasks);
        parts.cache.synced().await;
        refuse_taken(&parts, &nodes)?;
        tasks.spawn(parts::keep_house(Arc::clone(&parts)));
        for node in &nodes {
            tasks.spawn(beats::run(Arc::clone(node)));
            tasks.spawn(drive(node));
        }
        Ok(Self {
            parts,
            nodes,
            tasks,
        })
    }

    /// Resolves when all nodes have registered and told that they are ready.
    pub async fn registered(&self) {
        let mut registered = self.parts.registered.subscribe();
        let all = registered
            .wait_for(|count| self.nodes.len() <= *count)
            .await;
        drop(all);
    }

    /// Stops. The objects of the nodes stay, and the server will notice that nobody renews their
    /// leases.
    pub async fn stop(mut self) {
        self.end().await;
    }

    /// Stops, and removes the objects of the nodes; the server removes their leases and pods.
    ///
    /// # Errors
    /// The server did not do it.
    pub async fn remove(mut self) -> Result<(), HollowError> {
        self.end().await;
        let view = self.parts.cache.view();
        let known = self
            .nodes
            .iter()
            .filter_map(|node| view.get::<NodeObject>("", &node.member.name));
        let writes = known.map(|node| Write::delete(node.as_ref())).collect();
        let (api, clock) = (self.parts.api.clone(), self.parts.clock.clone());
        let executor = ApiExecutor::new(api, "kubelet", clock);
        match executor.carry_out(writes).await.end {
            End::Done => Ok(()),
            End::Stale => Err(HollowError::Kept("somebody else made them anew".to_owned())),
            End::Refused(_, why) | End::Failed(why) => Err(HollowError::Kept(why)),
        }
    }

    async fn end(&mut self) {
        self.tasks.shutdown().await;
        let mut begun = {
            let tasks = self.parts.tasks.lock();
            std::mem::take(&mut *tasks.unwrap_or_else(PoisonError::into_inner))
        };
        begun.shutdown().await;
    }
}

/// A node that runs containers is never taken over.
fn refuse_taken(parts: &Parts, nodes: &[Arc<Node>]) -> Result<(), HollowError> {
    let view = parts.cache.view();
    let mut names = nodes.iter().map(|node| &node.member.name);
    let is_taken = |name: &&String| {
        let known = view.get::<NodeObject>("", name);
        known.is_some_and(|known| !Member::is_hollow(&known))
    };
    match names.find(is_taken) {
        Some(name) => Err(HollowError::Taken(name.clone())),
        None => Ok(()),
    }
}

fn drive(node: &Arc<Node>) -> impl Future<Output = ()> + Send + use<> {
    let driver = Driver::new(
        pods::Pods(Arc::clone(node)),
        pods::PodTasks(Arc::clone(node)),
        node.parts.cache.clone(),
        node.inbox.clone(),
        node.parts.clock.clone(),
    );
    driver.run()
}
