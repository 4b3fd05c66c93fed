//! Promises that hold after every step, one file each.
//!
//! A law hears of every committed change and of every fact, and keeps what it needs to judge the
//! next one. Now and then, and at the end, it looks at everything.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "a law is about some facts; what is added later is for other laws"
)]

mod addresses_belong_to_one;
mod bindings_fit;
mod budgets_hold;
mod components_name_what_they_saw;
mod deletions_are_meant;
mod deletions_finish;
mod deployments_stay_available;
mod everybody_rests;
mod evictions_have_a_reason;
mod finalizers_hold;
mod foreground_goes_last;
mod identities_stay;
mod lists_are_one_picture;
mod living_nodes_are_kept;
mod names_lead_home;
mod nobody_is_busy_in_vain;
mod nobody_makes_things_twice;
mod nodes_settle;
mod objects;
mod owners_keep_theirs;
mod places_are_given_once;
mod pods_are_bound_once;
mod pods_end_before_they_go;
mod pods_run_once;
mod pods_settle;
mod quotas_hold;
mod reads_are_fresh;
mod ready_means_running;
mod requests_are_allowed;
mod revisions_grow;
mod rules_lead_to_endpoints;
mod services_settle;
mod services_share_nothing;
mod sets_make_no_more;
mod sets_take_the_least_missed;
mod silent_nodes_are_noticed;
mod sizes_are_bounded;
#[cfg(test)]
mod testing;
mod time_goes_by;
mod views_are_whole;
mod watches_tell_once;
mod wishes_are_counted;
mod workloads_settle;
mod writes_stay;

use std::fmt;
use std::rc::Rc;
use std::sync::Arc;

use gantry_api::{Object, ObjectKey};
use gantry_base::Timestamp;
use gantry_store::{Change, Revision, Snapshot, Stored};

use crate::actor::Inside;
use crate::fact::Fact;

/// Why a law is broken, naming what it is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// The object, node or address that it is about; the timeline is searched for it.
    pub about: Vec<String>,
    /// What was seen and should not have been.
    pub what: String,
}

impl Broken {
    /// Something is wrong with `about`.
    pub fn new(about: impl fmt::Display, what: impl Into<String>) -> Self {
        Self {
            about: vec![about.to_string()],
            what: what.into(),
        }
    }

    /// It has to do with this, too.
    #[must_use]
    pub fn and(mut self, about: impl fmt::Display) -> Self {
        self.about.push(about.to_string());
        self
    }
}

/// The outcome of a look.
pub type Verdict = Result<(), Broken>;

/// What laws can see besides what they are told.
#[derive(Debug)]
pub struct Sight<'a> {
    /// The time.
    pub now: Timestamp,
    /// All objects.
    pub snapshot: &'a Snapshot,
    /// Whether trouble may still strike.
    pub is_troubled: bool,
    /// Whether no trouble was ever to strike in this world.
    pub is_calm: bool,
    /// Whether two leaders work at the same time.
    pub has_rivals: bool,
    /// The parts that are not idle, by name.
    pub busy: &'a [String],
    /// Things that can grow, with their sizes and their limits.
    pub sizes: &'a [(&'static str, usize, usize)],
    /// What is in those who live, by name; only when everything is looked at.
    pub parts: &'a [(&'a str, Inside<'a>)],
}

impl<'a> Sight<'a> {
    /// All objects at a moment, in a world in trouble.
    #[must_use]
    pub const fn of(now: Timestamp, snapshot: &'a Snapshot) -> Self {
        Self {
            now,
            snapshot,
            is_troubled: true,
            is_calm: false,
            has_rivals: false,
            busy: &[],
            sizes: &[],
            parts: &[],
        }
    }
}

/// A promise.
pub trait Law {
    /// Its name.
    fn name(&self) -> &'static str;

    /// Judges a committed change.
    fn change(&mut self, _change: &Seen, _sight: &Sight<'_>) -> Verdict {
        Ok(())
    }

    /// Judges something that happened outside of the API.
    fn fact(&mut self, _fact: &Fact, _sight: &Sight<'_>) -> Verdict {
        Ok(())
    }

    /// Judges everything at once.
    fn audit(&mut self, _sight: &Sight<'_>) -> Verdict {
        Ok(())
    }

    /// Judges everything once it has had its time to settle.
    fn settled(&mut self, _sight: &Sight<'_>) -> Verdict {
        Ok(())
    }
}

/// A committed change of an object, decoded once for all laws.
#[derive(Debug)]
pub struct Seen {
    /// Which object.
    pub key: ObjectKey,
    /// The revision of the change.
    pub revision: Revision,
    /// What stood there before.
    pub old: Option<Rc<Object>>,
    /// What stands there now.
    pub new: Option<Rc<Object>>,
}

impl Seen {
    /// The change in decoded form; nothing for records that are no objects.
    #[must_use]
    pub fn of(change: &Change) -> Option<Self> {
        let read = |stored: &Option<Stored>| {
            let stored = stored.as_ref()?;
            Some(objects::remembered(&change.key, stored))
        };
        Some(Self {
            key: change.key.object()?,
            revision: change.revision,
            old: read(&change.old),
            new: read(&change.new),
        })
    }

    /// Whether it is about `resource` of the core group.
    #[must_use]
    pub fn is_core(&self, resource: &str) -> bool {
        self.key.resource.group.is_empty() && self.key.resource.resource == resource
    }
}

/// A law that was broken, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The law.
    pub law: &'static str,
    /// The step in which it was broken.
    pub step: u64,
    /// In what way.
    pub broken: Broken,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "step {}: the law {:?} is broken: {} [{}]",
            self.step,
            self.law,
            self.broken.what,
            self.broken.about.join(", ")
        )
    }
}

/// All laws of a run.
pub(crate) struct Laws(Vec<Box<dyn Law>>);

impl Laws {
    /// The whole book.
    pub(crate) fn all() -> Self {
        Self(vec![
            Box::<revisions_grow::Law>::default(),
            Box::<writes_stay::Law>::default(),
            Box::<reads_are_fresh::Law>::default(),
            Box::<lists_are_one_picture::Law>::default(),
            Box::<views_are_whole::Law>::default(),
            Box::<identities_stay::Law>::default(),
            Box::<finalizers_hold::Law>::default(),
            Box::<living_nodes_are_kept::Law>::default(),
            Box::<names_lead_home::Law>::default(),
            Box::<places_are_given_once::Law>::default(),
            Box::<pods_are_bound_once::Law>::default(),
            Box::<bindings_fit::Law>::default(),
            Box::<quotas_hold::Law>::default(),
            Box::<budgets_hold::Law>::default(),
            Box::<pods_run_once::Law>::default(),
            Box::<pods_end_before_they_go::Law>::default(),
            Box::<ready_means_running::Law>::default(),
            Box::<sets_make_no_more::Law>::default(),
            Box::<sets_take_the_least_missed::Law>::default(),
            Box::<services_share_nothing::Law>::default(),
            Box::<time_goes_by::Law>::default(),
            Box::<watches_tell_once::Law>::default(),
            Box::<wishes_are_counted::Law>::default(),
            Box::<silent_nodes_are_noticed::Law>::default(),
            Box::<foreground_goes_last::Law>::default(),
            Box::<evictions_have_a_reason::Law>::default(),
            Box::<nobody_makes_things_twice::Law>::default(),
            Box::<addresses_belong_to_one::Law>::default(),
            Box::<components_name_what_they_saw::Law>::default(),
            Box::<deletions_are_meant::Law>::default(),
            Box::<owners_keep_theirs::Law>::default(),
            Box::<requests_are_allowed::Law>::default(),
            Box::<sizes_are_bounded::Law>::default(),
            Box::<nobody_is_busy_in_vain::Law>::default(),
            Box::<rules_lead_to_endpoints::Law>::default(),
            Box::<deployments_stay_available::Law>::default(),
            Box::<nodes_settle::Law>::default(),
            Box::<pods_settle::Law>::default(),
            Box::<workloads_settle::Law>::default(),
            Box::<services_settle::Law>::default(),
            Box::<deletions_finish::Law>::default(),
            Box::<everybody_rests::Law>::default(),
        ])
    }

    /// Judges what one step did.
    pub(crate) fn judge(
        &mut self,
        step: u64,
        (changes, facts): (&[Arc<Change>], &[Fact]),
        sight: &Sight<'_>,
    ) -> Result<(), Violation> {
        let seen: Vec<Seen> = changes
            .iter()
            .filter_map(|change| Seen::of(change))
            .collect();
        for law in &mut self.0 {
            let name = law.name();
            let mut verdict = seen.iter().try_for_each(|change| law.change(change, sight));
            if verdict.is_ok() {
                verdict = facts.iter().try_for_each(|fact| law.fact(fact, sight));
            }
            verdict.map_err(|broken| Violation {
                law: name,
                step,
                broken,
            })?;
        }
        Ok(())
    }

    /// Looks at everything; at the end of a run also at what should have settled.
    pub(crate) fn audit(
        &mut self,
        step: u64,
        is_settled: bool,
        sight: &Sight<'_>,
    ) -> Result<(), Violation> {
        for law in &mut self.0 {
            let name = law.name();
            let verdict = law.audit(sight).and_then(|()| {
                if is_settled {
                    law.settled(sight)
                } else {
                    Ok(())
                }
            });
            verdict.map_err(|broken| Violation {
                law: name,
                step,
                broken,
            })?;
        }
        Ok(())
    }
}
