//! What the copy does with what etcd says about its changes: pure, and the heart of this engine.
//!
//! A revision is taken over once and whole. What was taken over already is passed by, so a watch
//! may begin again anywhere before; a watch whose beginning etcd has forgotten says so, and then
//! everything is read anew. Nothing is ever skipped.

use gantry_store::{Revision, Write};

use crate::error::EtcdError;
use crate::record;
use crate::space::{Place, Space};
use crate::state::State;
use crate::wire::{DELETED, Event, WatchResponse};

/// How far the copy has come.
#[derive(Debug)]
pub(crate) struct Follower {
    space: Space,
    /// The newest of etcd's revisions that was taken over.
    reached: i64,
    /// Of a message that comes in pieces: the events that may belong to a revision of which more is
    /// to come.
    held: Vec<Event>,
}

/// All that happened at one revision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Moment {
    pub(crate) revision: Revision,
    pub(crate) writes: Vec<Write>,
}

/// What is to be done about a message.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Heard {
    /// Take these over, in order.
    Moments(Vec<Moment>),
    /// The history that was asked for is gone: read everything anew.
    Compacted,
    /// The watch is over for this reason: begin another.
    Ended(String),
}

impl Follower {
    /// Begins where everything up to `reached` is known.
    pub(crate) const fn new(space: Space, reached: i64) -> Self {
        Self {
            space,
            reached,
            held: Vec::new(),
        }
    }

    pub(crate) const fn space(&self) -> &Space {
        &self.space
    }

    /// The newest of etcd's revisions that was taken over.
    pub(crate) const fn reached(&self) -> i64 {
        self.reached
    }

    /// Where a new watch begins. What was held back will be told again.
    pub(crate) fn begin(&mut self) -> i64 {
        self.held.clear();
        self.reached + 1
    }

    /// Everything up to `reached` was read anew.
    pub(crate) fn jump(&mut self, reached: i64) {
        self.held.clear();
        self.reached = reached;
    }

    /// Takes in one message.
    pub(crate) fn hear(&mut self, response: WatchResponse) -> Result<Heard, EtcdError> {
        if response.compacted > 0 {
            return Ok(Heard::Compacted);
        }
        if response.canceled {
            return Ok(Heard::Ended(response.reason));
        }
        self.held.extend(response.events);
        let whole = self.whole(response.fragment);
        let events: Vec<Event> = self.held.drain(..whole).collect();
        let mut moments: Vec<Moment> = Vec::new();
        for event in events {
            self.take(event, &mut moments)?;
        }
        if let Some(last) = moments.last() {
            let reached = self.space.theirs(last.revision);
            self.reached = reached.expect("it was one of etcd's revisions");
        }
        Ok(Heard::Moments(moments))
    }

    /// How many of the held events belong to revisions of which nothing more is to come.
    fn whole(&self, is_fragment: bool) -> usize {
        let newest = self.held.last().map(revision);
        match newest {
            Some(newest) if is_fragment => {
                self.held.partition_point(|event| revision(event) < newest)
            }
            _ => self.held.len(),
        }
    }

    fn take(&self, event: Event, moments: &mut Vec<Moment>) -> Result<(), EtcdError> {
        let at = revision(&event);
        if at <= self.reached {
            return Ok(());
        }
        let write = self.write(event)?;
        let revision = self.space.revision(at);
        match moments.last_mut() {
            Some(last) if last.revision == revision => last.writes.extend(write),
            Some(last) => {
                assert!(
                    last.revision < revision,
                    "etcd told of changes out of order"
                );
                moments.push(moment(revision, write));
            }
            None => moments.push(moment(revision, write)),
        }
        Ok(())
    }

    /// What an event did to a record; nothing for the engine's own keys.
    fn write(&self, event: Event) -> Result<Option<Write>, EtcdError> {
        let is_gone = event.kind == DELETED;
        let kv = event.kv.unwrap_or_default();
        match self.space.place(&kv.key) {
            Place::Record(key) if is_gone => Ok(Some(Write::Delete { key })),
            Place::Record(key) => {
                let (value, _) = record::read(&key, &kv.value, &self.space)?;
                Ok(Some(Write::Put { key, value }))
            }
            Place::State => {
                let base = self.space.base();
                let is_same = State::read(&kv.value) == Ok(State::Ready { base });
                (is_same && !is_gone)
                    .then_some(None)
                    .ok_or(EtcdError::Moved)
            }
            Place::Own => Ok(None),
            Place::Foreign => Err(record::foreign(&kv.key)),
        }
    }
}

fn moment(revision: Revision, write: Option<Write>) -> Moment {
    let writes = write.into_iter().collect();
    Moment { revision, writes }
}

fn revision(event: &Event) -> i64 {
    event.kv.as_ref().map_or(0, |kv| kv.modified)
}

#[cfg(test)]
mod tests;
