//! Tasks: what is under way is begun once and ends once, however it ends.

use std::time::Duration;

use gantry_base::Timestamp;
use gantry_base::time::{after, since};
use gantry_reconcile::EventNote;

use super::{State, Step};
use crate::pace::Effort;
use crate::pod::{PodAction, Task};
use crate::sandbox::{ContainerId, PodRef};

/// How long to wait after a stop that did not work: it is named again at once, and the pause keeps
/// that from being a busy loop.
pub const STOP_PAUSE: Duration = Duration::from_secs(1);

/// A stop that comes this much earlier than the one under way is passed on.
const SOONER: Duration = Duration::from_millis(500);

/// What an action asks of whoever carries it out.
#[derive(Clone, Debug, PartialEq)]
pub enum Begun {
    /// Nothing: the same is under way already.
    Nothing,
    /// Tell people; that takes no time.
    Tell(EventNote),
    /// Carry the action out, and give the mark back with [`State::ended`] however that ends.
    Task(Mark),
    /// Make the stop of this container that is under way end sooner; the end is told by that one.
    Sooner {
        /// Which container.
        container: ContainerId,
        /// How long it may still take.
        grace: Duration,
    },
}

/// Stands for one task that is under way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    /// For which pod.
    pub key: PodRef,
    /// What, unless it happens within another task that is under way.
    task: Option<Task>,
    /// What has to wait when it fails; nothing for what keeps its own time.
    effort: Option<Effort>,
    /// The container that it stops.
    stops: Option<ContainerId>,
}

impl State {
    /// Begins to carry out a step.
    pub fn begin(&mut self, step: &Step, now: Timestamp) -> Begun {
        match (&step.action, step.action.task()) {
            (PodAction::Note(note), _) => Begun::Tell(note.clone()),
            (
                PodAction::Stop {
                    container, grace, ..
                },
                _,
            ) => self.begin_stop(&step.key, container, (*grace, now)),
            (action, Some(task)) => self.begin_task(&step.key, action, task),
            (_, None) => Begun::Nothing,
        }
    }

    fn begin_task(&mut self, key: &PodRef, action: &PodAction, task: Task) -> Begun {
        let known = self.pod(key);
        if !known.under_way.insert(task.clone()) {
            return Begun::Nothing;
        }
        known.making |= matches!(action, PodAction::RunSandbox);
        Begun::Task(Mark {
            key: key.clone(),
            task: Some(task),
            effort: Effort::of(action),
            stops: None,
        })
    }

    /// Begins to stop a container, or makes a stop that is under way end sooner. A container whose
    /// start is not over yet, since its hook still runs, is stopped all the same.
    fn begin_stop(
        &mut self,
        key: &PodRef,
        id: &ContainerId,
        (grace, now): (Duration, Timestamp),
    ) -> Begun {
        let known = self.pod(key);
        let ends = after(now, grace);
        match known.stopping.get(id) {
            Some(before) if since(*before, ends) < SOONER => Begun::Nothing,
            Some(_) => {
                known.stopping.insert(id.clone(), ends);
                let container = id.clone();
                Begun::Sooner { container, grace }
            }
            None => {
                known.stopping.insert(id.clone(), ends);
                let task = Task::Container(id.name.clone());
                let is_new = known.under_way.insert(task.clone());
                Begun::Task(Mark {
                    key: key.clone(),
                    task: is_new.then_some(task),
                    effort: None,
                    stops: Some(id.clone()),
                })
            }
        }
    }

    /// Notes that a task has ended, and whether it went well; its pod is due.
    pub fn ended(&mut self, mark: &Mark, well: bool, now: Timestamp) {
        let Some(known) = self.pods.get_mut(&mark.key) else {
            return;
        };
        if let Some(effort) = &mark.effort {
            known.pace.ended(effort.clone(), well, now);
        }
        if let Some(task) = &mark.task {
            known.under_way.remove(task);
            known.making &= *task != Task::Sandbox;
        }
        if let Some(id) = &mark.stops {
            known.stopping.remove(id);
        }
    }
}
