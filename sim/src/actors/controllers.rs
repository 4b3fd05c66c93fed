//! The process that runs all controllers and the scheduler over one view, as the real one does.

mod lap;

use std::collections::BTreeMap;
use std::fmt;

use gantry_api::{Caller, GroupResource};
use gantry_controllers::Visitor;
use gantry_reconcile::sources::Keys;
use gantry_reconcile::{Cached, Controller};
use gantry_scheduler::Scheduler;

use super::following::{Following, News};
use crate::actor::{Actor, Desk, Input, Inside, Ticket};
use crate::plant::Plant;
use lap::{Lap, Laps};

/// What controllers put into the objects that carry the cluster's root certificate.
const CA: &str = "-----BEGIN CERTIFICATE-----\nnot a real one\n-----END CERTIFICATE-----\n";

/// More keys than any world of ours has objects.
const MOST_DUE: usize = 200_000;

/// All controllers and the scheduler.
pub(crate) struct Controllers {
    name: String,
    plant: Plant,
    following: Following,
    laps: Vec<Box<dyn Laps>>,
    listeners: BTreeMap<GroupResource, Vec<(usize, Keys)>>,
    of_defined: Vec<(usize, Keys)>,
}

impl Controllers {
    /// Controllers that is not born yet.
    pub(crate) fn new(name: &str, plant: Plant) -> Self {
        Self {
            name: name.to_owned(),
            plant,
            following: following(name),
            laps: Vec::new(),
            listeners: BTreeMap::new(),
            of_defined: Vec::new(),
        }
    }

    fn take(&mut self, news: &News, desk: &Desk<'_>) {
        let known = self.listeners.get(&news.resource);
        let listeners = known.unwrap_or(&self.of_defined);
        for change in &news.changes {
            let forms: Vec<&dyn Cached> = change.forms.iter().map(AsRef::as_ref).collect();
            for (lap, keys) in listeners {
                let due = forms
                    .iter()
                    .flat_map(|form| keys(*form, self.following.view()));
                for key in due {
                    if !self.plant.skips(forms.len()) {
                        self.laps[*lap].due(key, desk.now);
                    }
                }
            }
        }
    }

    /// Lets every loop go on as far as it can.
    fn go_on(&mut self, desk: &mut Desk<'_>) {
        if !self.following.is_synced() {
            return;
        }
        for lap in &mut self.laps {
            lap.go_on(&self.following, desk);
        }
        let next = self.laps.iter().filter_map(|lap| lap.due_at()).min();
        if let Some(when) = next {
            desk.wake(when);
        }
    }
}

fn following(name: &str) -> Following {
    let caller = Caller::authenticated("system:apiserver", &[gantry_api::caller::MASTERS]);
    Following::new(caller, name)
}

impl Visitor for Controllers {
    fn visit<C: Controller>(&mut self, controller: C)
    where
        C::World: Send + Sync + fmt::Debug,
    {
        let at = self.laps.len();
        for source in controller.sources().as_slice() {
            self.following.hold(&source.watched);
            self.listeners
                .entry(source.watched.resource.clone())
                .or_default()
                .push((at, source.keys.clone()));
        }
        let of_defined = controller.sources().of_defined().cloned();
        self.of_defined.extend(of_defined.map(|keys| (at, keys)));
        let lap = Lap::new(controller, caller(C::NAME), self.plant.at(C::NAME));
        self.laps.push(Box::new(lap));
    }
}

/// The scheduler has a name of its own; controllers have accounts.
fn caller(name: &str) -> Caller {
    if name == gantry_scheduler::NAME {
        Caller::authenticated("system:kube-scheduler", &[])
    } else {
        gantry_controllers::caller(name)
    }
}

impl Actor for Controllers {
    fn name(&self) -> String {
        self.name.clone()
    }

    fn born(&mut self, desk: &mut Desk<'_>) {
        self.following = following(&self.name);
        self.laps.clear();
        self.listeners.clear();
        self.of_defined.clear();
        gantry_controllers::all(CA, self);
        self.visit(Scheduler::default());
        self.following.begin(desk);
    }

    fn handle(&mut self, ticket: Ticket, input: Input, desk: &mut Desk<'_>) {
        if let Some(news) = self.following.handle(ticket, &input, desk) {
            self.take(&news, desk);
        } else if let Input::Answer(answer) = input {
            let mut answer = Some(answer);
            for lap in &mut self.laps {
                if lap.answered(ticket, &mut answer, desk) {
                    break;
                }
            }
        }
        self.go_on(desk);
    }

    fn is_idle(&self) -> bool {
        self.laps.iter().all(|lap| lap.is_idle())
    }

    fn inside(&self) -> Inside<'_> {
        let dues = self.laps.iter().map(|lap| lap.len());
        Inside {
            view: Some(self.following.view()),
            followed: self.following.followed(),
            machine: None,
            sizes: dues
                .map(|due| ("keys that are due", due, MOST_DUE))
                .collect(),
        }
    }
}
