//! Whoever reads after a write was acknowledged, or was read by anybody, sees it or something
//! newer; a list is one picture; and no view goes back, not even to a life after.

use std::collections::BTreeMap;

use gantry_api::{ObjectKey, Rejection, Revision};
use gantry_registry::request::Verb;

use super::{Broken, Seen, Sight, Verdict};
use crate::actor::Address;
use crate::fact::{Answer, Fact};

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Law {
    /// The newest revision of each object that an answer has shown.
    shown: BTreeMap<ObjectKey, Revision>,
    /// The newest revision that any answer has shown.
    newest: Revision,
    /// When each object went away that ever did.
    gone: BTreeMap<ObjectKey, Revision>,
    /// What is awaited: of what, and how new it has to be.
    asked: BTreeMap<Address, Asked>,
    /// How far views have come, by who has them and of which resource they are.
    views: BTreeMap<(String, String), Revision>,
}

#[derive(Debug)]
struct Asked {
    key: ObjectKey,
    least: Revision,
    reads: bool,
}

impl super::Law for Law {
    fn name(&self) -> &'static str {
        "reads are fresh"
    }

    fn change(&mut self, change: &Seen, _sight: &Sight<'_>) -> Verdict {
        if change.new.is_none() {
            self.gone.insert(change.key.clone(), change.revision);
        }
        Ok(())
    }

    fn fact(&mut self, fact: &Fact, sight: &Sight<'_>) -> Verdict {
        match fact {
            Fact::Asked {
                by,
                verb,
                key,
                may_be_old,
                ..
            } if *verb != Verb::Watch => {
                let least = self.least(*verb, key, *may_be_old);
                let asked = Asked {
                    key: key.clone(),
                    least,
                    reads: matches!(verb, Verb::Get | Verb::List),
                };
                self.asked.insert(*by, asked);
                Ok(())
            }
            Fact::Answered {
                by,
                answer,
                refusal,
                ..
            } => match self.asked.remove(by) {
                Some(asked) => self.answered(asked, answer, refusal.as_deref()),
                None => Ok(()),
            },
            Fact::Seen {
                who,
                resource,
                revision,
            } => self.seen((who, resource), *revision, sight),
            _ => Ok(()),
        }
    }
}

impl Law {
    /// How new an answer has to be that is asked for now.
    fn least(&self, verb: Verb, key: &ObjectKey, may_be_old: bool) -> Revision {
        match verb {
            _ if may_be_old => Revision(0),
            Verb::List => self.newest,
            _ => self.shown.get(key).copied().unwrap_or_default(),
        }
    }

    fn answered(&mut self, asked: Asked, answer: &Answer, refusal: Option<&Rejection>) -> Verdict {
        let Asked { key, least, reads } = asked;
        if let Some(Rejection::NotFound { .. }) = refusal
            && reads
            && least > Revision(0)
            && self.gone_since(&key) < least
        {
            let what = format!("is not found by a read that was asked after {least} was shown");
            return Err(Broken::new(key, what));
        }
        let Some(at) = answer.revision else {
            return Ok(());
        };
        if reads && at < least {
            let what = format!("a read shows {at} and was asked after {least} had been shown");
            return Err(Broken::new(key, what));
        }
        if answer.newest.is_some_and(|newest| newest > at) {
            let what = format!("a list of {at} has an object of {:?}", answer.newest);
            return Err(Broken::new(key, what));
        }
        let known = self.shown.entry(key).or_default();
        *known = (*known).max(at);
        self.newest = self.newest.max(at);
        Ok(())
    }

    fn gone_since(&self, key: &ObjectKey) -> Revision {
        self.gone.get(key).copied().unwrap_or_default()
    }

    fn seen(&mut self, (who, resource): (&str, &str), at: Revision, sight: &Sight<'_>) -> Verdict {
        let known = self.views.entry((who.to_owned(), resource.to_owned()));
        let before = known.or_default();
        let newest = sight.snapshot.revision();
        if at < *before || newest < at {
            let what = format!("its view of {resource} is at {at}, after {before} of {newest}");
            return Err(Broken::new(who, what));
        }
        *before = at;
        Ok(())
    }
}
