//! Somebody who uses the cluster as people do: applies, scales, rolls out, deletes, drains.
//!
//! They want one thing at a time, wait for the answer, and do not try again: what failed is wanted
//! again some day, or not.

mod manifests;
mod wishes;

use std::collections::VecDeque;
use std::time::Duration;

use bytes::Bytes;
use serde_json::Value;

use gantry_api::Caller;
use gantry_registry::Request;

use crate::actor::{Actor, Desk, Input, Ticket};
use crate::profile::Profile;
use wishes::Wish;

/// Somebody at a keyboard.
#[derive(Debug)]
pub(crate) struct Human {
    name: String,
    number: usize,
    applications: usize,
    replicas: u64,
    nodes: usize,
    only_fills: bool,
    pause: Duration,
    /// What is still to be asked for the present wish.
    left: VecDeque<Request>,
    waits_for: Option<Waiting>,
    /// A node that is to take pods again.
    drained: Option<usize>,
    is_resting: bool,
}

/// What an answer will be used for.
#[derive(Debug)]
struct Waiting {
    ticket: Ticket,
    then: Then,
}

/// What to do with an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Then {
    /// Go on with what is left.
    Nothing,
    /// Delete one of the pods in it.
    DeleteOne,
    /// Evict all pods in it.
    EvictAll,
}

impl Human {
    pub(crate) fn new(number: usize, profile: &Profile) -> Self {
        Self {
            name: format!("human-{number}"),
            number,
            applications: profile.applications,
            replicas: profile.replicas,
            nodes: profile.nodes,
            only_fills: profile.only_fills,
            pause: profile.pause,
            left: VecDeque::new(),
            waits_for: None,
            drained: None,
            is_resting: false,
        }
    }

    fn caller(&self) -> Caller {
        Caller::authenticated(&self.name, &[gantry_api::caller::MASTERS])
    }

    /// Asks the next thing, or thinks about the next wish.
    fn go_on(&mut self, desk: &mut Desk<'_>) {
        if let Some(request) = self.left.pop_front() {
            return self.ask(request, Then::Nothing, desk);
        }
        self.waits_for = None;
        if !self.is_resting {
            let pause = desk
                .dice
                .between(Duration::from_millis(200), self.pause * 2);
            desk.later(pause);
        }
    }

    fn ask(&mut self, request: Request, then: Then, desk: &mut Desk<'_>) {
        let ticket = desk.ask(&self.caller(), "kubectl", request);
        self.waits_for = Some(Waiting { ticket, then });
    }

    fn wish(&mut self, desk: &mut Desk<'_>) {
        let wish = Wish::draw(desk.dice, self);
        desk.say(|| format!("wants {wish:?}"));
        let (requests, then) = wish.requests(self, desk.dice);
        self.left = requests.into();
        match self.left.pop_front() {
            Some(request) => self.ask(request, then, desk),
            None => self.go_on(desk),
        }
    }

    fn use_answer(&mut self, answer: &Bytes, then: Then, desk: &mut Desk<'_>) {
        let list: Value = serde_json::from_slice(answer).unwrap_or_default();
        let pods = list["items"].as_array().cloned().unwrap_or_default();
        match then {
            Then::Nothing => {}
            Then::DeleteOne => {
                let chosen = desk.dice.pick(&pods);
                self.left.extend(chosen.map(manifests::delete_pod));
            }
            Then::EvictAll => self.left.extend(pods.iter().map(manifests::evict_pod)),
        }
    }
}

impl Actor for Human {
    fn name(&self) -> String {
        self.name.clone()
    }

    fn born(&mut self, desk: &mut Desk<'_>) {
        self.left.clear();
        if self.only_fills {
            self.is_resting = true;
            let fill = |application| Wish::Fill { application };
            let wishes: Vec<Wish> = (0..self.applications).map(fill).collect();
            for wish in wishes {
                self.left.extend(wish.requests(self, desk.dice).0);
            }
        }
        // The first thing anybody does is to bring their applications up.
        for application in (0..self.applications).filter(|_| !self.only_fills) {
            let begin = Wish::Deploy { application };
            self.left.extend(begin.requests(self, desk.dice).0);
            let serve = Wish::Serve { application };
            self.left.extend(serve.requests(self, desk.dice).0);
            let protect = Wish::Protect { application };
            self.left.extend(protect.requests(self, desk.dice).0);
        }
        self.left.extend(Wish::Crowd.requests(self, desk.dice).0);
        desk.later(Duration::from_secs(2));
    }

    fn handle(&mut self, ticket: Ticket, input: Input, desk: &mut Desk<'_>) {
        match input {
            Input::Later if self.waits_for.is_none() && !self.left.is_empty() => self.go_on(desk),
            Input::Later if self.waits_for.is_none() && !self.is_resting => self.wish(desk),
            Input::Answer(answer) => {
                let Some(waiting) = self.waits_for.take_if(|known| known.ticket == ticket) else {
                    return;
                };
                if let Ok(answer) = answer {
                    self.use_answer(&answer, waiting.then, desk);
                }
                self.go_on(desk);
            }
            Input::Later | Input::Wake | Input::Frames(_) | Input::Over => {}
        }
    }

    fn is_idle(&self) -> bool {
        self.waits_for.is_none() && self.left.is_empty()
    }

    /// Leaves the cluster as one would in the evening: every node takes pods.
    fn rest(&mut self, desk: &mut Desk<'_>) {
        self.is_resting = true;
        self.drained = None;
        if self.only_fills {
            return;
        }
        for node in 0..self.nodes {
            self.left.push_back(manifests::cordon(node, false));
        }
        if self.waits_for.is_none() {
            self.go_on(desk);
        }
    }
}
