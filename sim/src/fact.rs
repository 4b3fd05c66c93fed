//! What happens outside the API and matters to laws.

use std::net::Ipv4Addr;
use std::sync::Arc;

use k8s_openapi::api::core::v1::Service;
use k8s_openapi::api::discovery::v1::EndpointSlice;

use gantry_api::{ObjectKey, Rejection, Revision};
use gantry_kubelet::sandbox::PodRef;
use gantry_registry::request::Verb;
use gantry_routing::Ruleset;

use crate::actor::Address;

/// Something that happened.
#[derive(Clone, Debug)]
pub enum Fact {
    /// A pod got a sandbox on a node.
    Sandbox {
        /// On which node.
        node: String,
        /// Whose.
        pod: PodRef,
        /// Its address, unless it shares the node's.
        address: Option<Ipv4Addr>,
    },
    /// A pod's sandbox, and with it everything in it, is gone.
    NoSandbox {
        /// On which node.
        node: String,
        /// Whose.
        pod: PodRef,
    },
    /// A container began to run.
    Started {
        /// On which node.
        node: String,
        /// Of which pod.
        pod: PodRef,
        /// Which container.
        container: String,
        /// Which run of it.
        attempt: u32,
    },
    /// A container ended.
    Ended {
        /// On which node.
        node: String,
        /// Of which pod.
        pod: PodRef,
        /// Which container.
        container: String,
        /// Which run of it.
        attempt: u32,
        /// Its exit code.
        code: i32,
    },
    /// A node leads packets by these rules from now on.
    Rules {
        /// On which node.
        node: String,
        /// Which rules.
        rules: Arc<Ruleset>,
    },
    /// A node answers questions about names by what it sees now, from now on.
    Names {
        /// On which node.
        node: String,
        /// The Services that it sees.
        services: Vec<Arc<Service>>,
        /// The EndpointSlices that it sees.
        slices: Vec<Arc<EndpointSlice>>,
    },
    /// A component decided something.
    Decided {
        /// Who.
        who: String,
        /// About what.
        about: String,
        /// How many actions the plan has.
        actions: usize,
    },
    /// A request set out.
    Asked {
        /// Who waits for the answer.
        by: Address,
        /// In whose name.
        caller: String,
        /// What is to be done.
        verb: Verb,
        /// To what; without a name, to the collection.
        key: ObjectKey,
        /// To which part of it; may be empty.
        subresource: String,
        /// The uid that it must have, if the request says so.
        uid: Option<String>,
        /// Whether an answer from the past will do.
        may_be_old: bool,
    },
    /// An answer came back.
    Answered {
        /// Who waited for it.
        by: Address,
        /// What can be read from it.
        answer: Answer,
        /// Whether what was asked was done; nothing when that cannot be known.
        done: Option<bool>,
        /// Why it was not.
        refusal: Option<Box<Rejection>>,
    },
    /// A watch told what its watcher knew already.
    ToldAgain {
        /// Whose view.
        who: String,
        /// Which object.
        about: ObjectKey,
    },
    /// A feed of a view showed a revision.
    Seen {
        /// Whose view.
        who: String,
        /// Of which resource.
        resource: String,
        /// Which revision.
        revision: Revision,
    },
}

/// What an answer says of what it is about; all of it nothing when there was no answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// The revision of the object or list.
    pub revision: Option<Revision>,
    /// The object's name.
    pub name: Option<String>,
    /// The object's uid.
    pub uid: Option<String>,
    /// The newest revision of a list's objects.
    pub newest: Option<Revision>,
    /// A list's objects.
    pub items: Vec<Listed>,
}

/// One object of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Its namespace, or nothing.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Its revision.
    pub revision: Revision,
}
