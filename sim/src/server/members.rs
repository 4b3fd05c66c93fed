//! The members of the API server: who serves whom, and what dies with one.

use std::time::Duration;

use gantry_access::Authority;

use super::{Server, lost_answer};
use crate::actor::Input;
use crate::agenda::{Event, Relief};
use crate::core::Core;
use crate::faults::Fault;

/// How long a member is away.
const AWAY: (Duration, Duration) = (Duration::from_millis(300), Duration::from_secs(30));

/// One member.
#[derive(Debug, Default)]
pub(super) struct Member {
    pub(super) is_down: bool,
    pub(super) authority: Authority,
}

impl Server {
    /// The member that serves a seat: its own, or the next that lives.
    pub(super) fn member_for(&self, seat: usize) -> Option<usize> {
        let count = self.members.len();
        (0..count)
            .map(|offset| (seat + offset) % count)
            .find(|member| !self.members[*member].is_down)
    }

    /// One member dies: requests that it decided may have been written or not, watches end.
    pub(crate) fn member_dies(&mut self, core: &mut Core) {
        let count = u64::try_from(self.members.len()).unwrap_or(1);
        let drawn = core.faults.dice(Fault::MemberDies).below(count);
        let member = usize::try_from(drawn).unwrap_or(0);
        if self.members[member].is_down {
            return;
        }
        core.line(
            "trouble",
            format_args!("member {member} of the API server dies"),
        );
        self.plant.leader_changes(&self.ledger.snapshot(), core.now);
        self.members[member] = Member {
            is_down: true,
            ..Member::default()
        };
        self.lose(core, |of| of == member);
        let away = core.faults.lasts(Fault::MemberDies, AWAY.0, AWAY.1);
        core.after(away, Event::Relief(Relief::Member(member)));
    }

    pub(crate) fn member_returns(&mut self, core: &mut Core, member: usize) {
        core.line(
            "relief",
            format_args!("member {member} of the API server is back"),
        );
        self.members[member].is_down = false;
    }

    /// The store begins anew with what the disk has; all members with it.
    pub(crate) fn restart(&mut self, core: &mut Core) {
        core.line("trouble", format_args!("the store restarts"));
        self.lose(core, |_| true);
        self.plant.leader_changes(&self.ledger.snapshot(), core.now);
        self.ledger.restart(self.plant.slip());
    }

    /// What was under way at these members is lost.
    fn lose(&mut self, core: &mut Core, is_lost: impl Fn(usize) -> bool) {
        let ids: Vec<u64> = self.pending.keys().copied().collect();
        for id in ids {
            if !self
                .pending
                .get(&id)
                .is_some_and(|pending| is_lost(pending.member))
            {
                continue;
            }
            let Some(pending) = self.pending.remove(&id) else {
                continue;
            };
            // The last record of the journal is whole, or it is not there.
            if core.faults.dice(Fault::StoreRestarts).below(2) == 0 {
                for txn in &pending.txns {
                    let landed = self.ledger.commit(txn, core.now);
                    let how = if landed.is_ok() {
                        "landed"
                    } else {
                        "did not land"
                    };
                    core.line("store", format_args!("an unanswered write {how}"));
                }
            }
            let delay = core.patience();
            core.send(delay, pending.from, Input::Answer(Err(lost_answer())));
        }
        let streams: Vec<u64> = self.streams.keys().copied().collect();
        for id in streams {
            if self
                .streams
                .get(&id)
                .is_some_and(|stream| is_lost(stream.member))
            {
                let delay = core.trip();
                self.end_stream(core, id, delay);
            }
        }
        self.pump_woken(core);
    }
}
