//! Whoever gives places has seen what it gave before: what one pod got, another cannot get.

use std::collections::BTreeMap;

use gantry_api::Revision;
use gantry_registry::request::Verb;

use super::{Broken, Sight, Verdict};
use crate::actor::Address;
use crate::fact::Fact;

/// The process whose scheduler is judged; its rival comes and goes.
const WHO: &str = "controllers";
/// In whose name the scheduler asks.
const SCHEDULER: &str = "system:kube-scheduler";

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Law {
    /// How far pods have been seen.
    seen: Revision,
    /// The bindings that wait for an answer.
    asked: BTreeMap<Address, String>,
    /// The newest binding that was answered, and by whom it was asked for.
    given: Option<(Address, Revision)>,
}

impl super::Law for Law {
    fn name(&self) -> &'static str {
        "places are given once"
    }

    fn fact(&mut self, fact: &Fact, sight: &Sight<'_>) -> Verdict {
        match fact {
            // Two schedulers that overlap do not know of each other's bindings.
            _ if sight.has_rivals => {
                *self = Self {
                    seen: self.seen,
                    ..Self::default()
                }
            }
            Fact::Seen {
                who,
                resource,
                revision,
            } if who == WHO && resource == "pods" => {
                self.seen = *revision;
            }
            Fact::Asked {
                by,
                caller,
                verb: Verb::Create,
                key,
                subresource,
                ..
            } if caller == SCHEDULER && subresource == "binding" => {
                self.asked.insert(*by, key.name.clone());
                if let Some((before, given)) = self.given
                    && (before.seat, before.life) == (by.seat, by.life)
                    && self.seen < given
                {
                    let seen = self.seen;
                    let what =
                        format!("gets a place by a view of {seen}, one was given at {given}");
                    return Err(Broken::new(key, what));
                }
            }
            Fact::Answered { by, answer, .. } if self.asked.remove(by).is_some() => {
                let given = answer.revision.map(|revision| (*by, revision));
                self.given = given.or(self.given);
            }
            _ => {}
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use gantry_api::{GroupResource, ObjectKey};

    use super::super::Law as _;
    use super::super::testing::{nothing, sight};
    use super::*;
    use crate::fact::Answer;

    fn asked(ticket: u64) -> Fact {
        Fact::Asked {
            by: Address {
                seat: 0,
                life: 0,
                ticket,
            },
            caller: SCHEDULER.to_owned(),
            verb: Verb::Create,
            key: ObjectKey::new(GroupResource::new("", "pods"), "default", "a"),
            subresource: "binding".to_owned(),
            uid: None,
            may_be_old: false,
        }
    }

    fn answered(ticket: u64, revision: u64) -> Fact {
        Fact::Answered {
            by: Address {
                seat: 0,
                life: 0,
                ticket,
            },
            answer: Answer {
                revision: Some(Revision(revision)),
                ..Answer::default()
            },
            done: Some(true),
            refusal: None,
        }
    }

    fn seen(revision: u64) -> Fact {
        Fact::Seen {
            who: WHO.to_owned(),
            resource: "pods".to_owned(),
            revision: Revision(revision),
        }
    }

    #[test]
    fn the_next_place_is_given_only_after_the_last_one_was_seen() {
        let (mut law, snapshot) = (Law::default(), nothing());
        for fact in [
            seen(5),
            asked(1),
            answered(1, 7),
            seen(7),
            asked(2),
            answered(2, 9),
        ] {
            assert!(law.fact(&fact, &sight(&snapshot)).is_ok());
        }
        assert!(law.fact(&asked(3), &sight(&snapshot)).is_err());
    }
}
