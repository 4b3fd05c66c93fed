//! A node: the real agent's decisions over a runtime that only pretends, in virtual time.
//!
//! What the agent remembers is lost when it dies. What the machine has (sandboxes, containers,
//! images, packet rules) stays, until the machine itself loses power.

mod beat;
mod containers;
mod jobs;
mod looks;
mod machine;
mod reports;
pub(crate) mod routes;

use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use k8s_openapi::api::core::v1::{Pod, Service};
use k8s_openapi::api::discovery::v1::EndpointSlice;

use gantry_api::{Caller, Rejection};
use gantry_kubelet::agent::{Around, Begun, State};
use gantry_kubelet::node_status::{Machine as Facts, Reserved, allocatable};
use gantry_kubelet::references::Reference;
use gantry_kubelet::registration::Registration;
use gantry_kubelet::sandbox::PodRef;
use gantry_kubelet::sandbox_config::reference;
use gantry_reconcile::{Awaits, Cached, EventNote, Next, View, Watched, Write};
use gantry_routing::Cidr;
use gantry_steering::{Turns, Writing};

use super::following::{Following, News};
use crate::actor::{Actor, Desk, Input, Inside, Inventory, Ticket};
use crate::plant::Plant;
use jobs::Job;
use machine::Machine;

/// More than a node with all the pods it may have is ever busy with.
const MOST_JOBS: usize = 2_000;

/// A node.
#[derive(Debug)]
pub(crate) struct Node {
    name: String,
    address: Ipv4Addr,
    range: Cidr,
    plant: Plant,
    machine: Machine,
    agent: Agent,
}

/// What the agent knows, and forgets when it dies.
#[derive(Debug)]
struct Agent {
    caller: Caller,
    around: Around,
    following: Following,
    state: State,
    turns: Turns<PodRef>,
    are_rules_due: bool,
    is_awake: bool,
    jobs: BTreeMap<Ticket, Job>,
    registration: Registration,
    held: BTreeMap<Reference, Arc<dyn Cached>>,
}

impl Node {
    /// The node of that number, switched off.
    pub(crate) fn new(number: usize, plant: Plant) -> Self {
        let name = format!("node-{number}");
        let number = u32::try_from(number).unwrap_or(0);
        let address = Ipv4Addr::from(0xC0A8_0001 + number);
        // 10.128.0.0/9 has room for as many nodes as any run has.
        let first = Ipv4Addr::from(0x0A80_0000 + (number << 8));
        let range = Cidr::new(first, 24);
        Self {
            agent: Agent::new(&name, address, range),
            machine: Machine::new(&name),
            name,
            address,
            range,
            plant,
        }
    }
}

impl Agent {
    fn new(name: &str, address: Ipv4Addr, range: Cidr) -> Self {
        let caller = Caller::authenticated(&format!("system:node:{name}"), &["system:nodes"]);
        let mut following = Following::new(caller.clone(), name);
        following.hold(&Watched::of::<Pod>().only(format!("spec.nodeName={name}")));
        following.hold(&Watched::of::<Service>());
        following.hold(&Watched::of::<EndpointSlice>());
        let around = Around {
            host_addresses: vec![address.to_string()],
            allocatable: allocatable(&facts(name), &Reserved::default()),
            ..Around::default()
        };
        Self {
            caller,
            around,
            following,
            state: State::new(range),
            turns: Turns::new(Awaits::SameKey),
            are_rules_due: true,
            is_awake: false,
            jobs: BTreeMap::new(),
            registration: Registration::default(),
            held: BTreeMap::new(),
        }
    }

    /// What the agent may see of the API's objects.
    fn view(&self) -> View {
        let mut view = self.following.view().clone();
        for object in self.held.values() {
            view.put(Arc::clone(object), gantry_api::Revision::default());
        }
        view
    }

    /// Asks the API server, for a job that waits for the answer.
    fn ask(&mut self, request: gantry_registry::Request, job: Job, desk: &mut Desk<'_>) {
        let ticket = desk.ask(&self.caller, "kubelet", request);
        self.jobs.insert(ticket, job);
    }

    /// Goes on with a job after a while.
    fn later(&mut self, delay: Duration, job: Job, desk: &mut Desk<'_>) {
        let ticket = desk.later(delay);
        self.jobs.insert(ticket, job);
    }

    /// Tells people something.
    fn note(&mut self, note: EventNote, desk: &mut Desk<'_>) {
        let writing = Writing::new("kubelet", vec![Write::Note(note)]);
        self.write(writing, desk);
    }

    /// Carries on writing what nobody waits for.
    fn write(&mut self, mut writing: Writing, desk: &mut Desk<'_>) {
        // One note at a time: a round has one request.
        if let Some(request) = writing.next(desk.now).into_iter().next() {
            self.ask(request, Job::Note(writing), desk);
        }
    }
}

/// A machine like any other.
fn facts(name: &str) -> Facts {
    Facts {
        cpus: 16,
        memory_bytes: 64 << 30,
        disk_bytes: 512 << 30,
        architecture: "amd64".to_owned(),
        kernel: "6.1.0".to_owned(),
        os_image: "Simulated".to_owned(),
        machine_id: name.to_owned(),
        system_uuid: name.to_owned(),
        boot_id: "1".to_owned(),
        host_name: name.to_owned(),
    }
}

impl Node {
    /// Takes over what an earlier agent left, once it is known what there should be.
    fn wake_up(&mut self, desk: &mut Desk<'_>) {
        if self.agent.is_awake || !self.agent.following.is_synced() {
            return;
        }
        self.agent.is_awake = true;
        let left = self.machine.runtime.list();
        if self.plant.adopts() {
            self.agent.state.adopt(&left);
        }
        for sandbox in left {
            let key = sandbox.config.pod.clone();
            self.agent.state.saw(&key, Some(sandbox));
            self.agent.turns.due(key, desk.now);
        }
    }

    /// Learns of changes.
    fn take(&mut self, news: &News, desk: &Desk<'_>) {
        let is_about_pods = news.resource == gantry_api::GroupResource::of::<Pod>();
        for form in news.changes.iter().flat_map(|change| &change.forms) {
            let any: &dyn std::any::Any = form.as_ref();
            if let Some(pod) = any.downcast_ref::<Pod>() {
                self.agent.turns.due(reference(pod), desk.now);
            }
        }
        let is_heard = !news.changes.is_empty() && !self.plant.is_deaf();
        self.agent.are_rules_due |= !is_about_pods && is_heard;
        self.news_for_reports(desk);
    }

    /// Looks at every pod that is due, and begins what it needs.
    fn go_on(&mut self, desk: &mut Desk<'_>) {
        if !self.agent.is_awake {
            return;
        }
        if std::mem::take(&mut self.agent.are_rules_due) {
            self.route(desk);
        }
        loop {
            if self.agent.turns.pass_is_due(desk.now) {
                let all = self.agent.state.all_keys(self.agent.following.view());
                self.agent.turns.pass(all.into_iter(), desk.now);
            }
            match self.agent.turns.next(desk.now) {
                Next::Due(key) => self.turn(&key, desk),
                Next::Wait(when) => return desk.wake(when),
                Next::Idle => return,
            }
        }
    }

    fn turn(&mut self, key: &PodRef, desk: &mut Desk<'_>) {
        let view = self.agent.view();
        let around = &self.agent.around;
        let state = &mut self.agent.state;
        let Some(observed) = state.observe(around, (&view, true), key, desk.now) else {
            return self.agent.turns.idle(key);
        };
        for (id, spec) in observed.resumed {
            self.probe(&id, &Arc::new(spec), desk);
        }
        let mut plan = gantry_kubelet::agent::decide(&observed.turn);
        self.plant.steps(&observed.turn, &mut plan.actions);
        for step in plan.actions {
            let begun = self.agent.state.begin(&step, desk.now);
            match begun {
                Begun::Nothing => {}
                Begun::Tell(note) => self.agent.note(note, desk),
                Begun::Sooner { container, grace } => self.stop_sooner(&container, grace, desk),
                Begun::Task(mark) => self.carry_out(mark, step, desk),
            }
        }
        let end = gantry_steering::End::<()>::Done;
        self.agent
            .turns
            .ended(key.clone(), &end, plan.recheck, desk.now);
    }

    fn answered(&mut self, ticket: Ticket, answer: Result<Bytes, Rejection>, desk: &mut Desk<'_>) {
        if let Some(job) = self.agent.jobs.remove(&ticket) {
            self.job_answered(job, answer, desk);
        }
    }
}

impl Actor for Node {
    fn name(&self) -> String {
        self.name.clone()
    }

    fn born(&mut self, desk: &mut Desk<'_>) {
        self.agent = Agent::new(&self.name, self.address, self.range);
        self.plant.born();
        self.machine.expect_ends(desk);
        self.agent.following.begin(desk);
        self.beat(desk);
    }

    fn handle(&mut self, ticket: Ticket, input: Input, desk: &mut Desk<'_>) {
        if self.machine.is_own(ticket) {
            self.machine_event(ticket, desk);
        } else if let Some(news) = self.agent.following.handle(ticket, &input, desk) {
            self.take(&news, desk);
        } else {
            match input {
                Input::Answer(answer) => self.answered(ticket, answer, desk),
                Input::Later => {
                    if let Some(job) = self.agent.jobs.remove(&ticket) {
                        self.job_due(job, desk);
                    }
                }
                Input::Wake | Input::Frames(_) | Input::Over => {}
            }
        }
        self.wake_up(desk);
        self.go_on(desk);
    }

    fn power_cut(&mut self, desk: &mut Desk<'_>) {
        self.machine.power_cut(desk);
    }

    fn end_containers(&mut self, pod: &str, code: i32, desk: &mut Desk<'_>) -> bool {
        let ended = self.machine.end_all(pod, code, desk);
        for sandbox in &ended {
            self.look(sandbox, desk);
        }
        self.go_on(desk);
        !ended.is_empty()
    }

    fn is_idle(&self) -> bool {
        let pods = self.agent.state.pods();
        let busy: BTreeSet<_> = pods.values().flat_map(|known| &known.under_way).collect();
        busy.is_empty()
    }

    fn inside(&self) -> Inside<'_> {
        Inside {
            view: Some(self.agent.following.view()),
            followed: self.agent.following.followed(),
            machine: Some(Inventory {
                sandboxes: self.machine.runtime.all().collect(),
                rules: &self.machine.rules,
            }),
            sizes: vec![
                ("jobs", self.agent.jobs.len(), MOST_JOBS),
                ("pods that are due", self.agent.turns.len(), MOST_JOBS),
                ("pods known", self.agent.state.pods().len(), MOST_JOBS),
                ("objects held", self.agent.held.len(), MOST_JOBS),
            ],
        }
    }
}
