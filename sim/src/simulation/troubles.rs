//! Faults that come by themselves: they strike, last for a while, and end.

use std::time::Duration;

use super::Simulation;
use super::seats::Role;
use crate::agenda::{Event, Relief};
use crate::faults::Fault;

const fn span(least_ms: u64, most_ms: u64) -> (Duration, Duration) {
    (
        Duration::from_millis(least_ms),
        Duration::from_millis(most_ms),
    )
}

/// How long the disk stays full.
const FULL: (Duration, Duration) = span(500, 30_000);
/// How long a component is away after it died.
const AWAY: (Duration, Duration) = span(10, 30_000);
/// How long two leaders overlap.
const OVERLAP: (Duration, Duration) = span(1_000, 60_000);
/// How long a node cannot be reached.
const CUT: (Duration, Duration) = span(1_000, 420_000);
/// How long a machine is off.
const DARK: (Duration, Duration) = span(5_000, 420_000);
/// How far a clock jumps at most, in seconds, to either side.
const JUMP: u64 = 90;

impl Simulation {
    /// Enters the first strike of every fault that comes by itself.
    pub(super) fn invite_trouble(&mut self) {
        for fault in Fault::ALL {
            self.again(fault);
        }
    }

    fn again(&mut self, fault: Fault) {
        // A container's end is its node's affair.
        if fault == Fault::ContainerDies {
            return;
        }
        if let Some(delay) = self.core.faults.next(fault) {
            self.core.after(delay, Event::Strike(fault));
        }
    }

    pub(super) fn strike(&mut self, fault: Fault) {
        if !self.core.faults.are_loose() {
            return;
        }
        self.core.faults.note(fault);
        match fault {
            Fault::DiskFull => self.fill_disk(),
            Fault::MemberDies => self.server.member_dies(&mut self.core),
            Fault::StoreRestarts => self.server.restart(&mut self.core),
            Fault::ActorDies => self.kill_one(),
            Fault::TwoLeaders => self.let_rival_in(),
            Fault::ClockJumps => self.jump_a_clock(),
            Fault::NodeCut => self.cut_a_node(),
            Fault::PowerCut => self.cut_the_power(),
            Fault::WatchLate
            | Fault::WatchStalled
            | Fault::WatchCut
            | Fault::RivalWrite
            | Fault::RequestLost
            | Fault::AnswerLost
            | Fault::Shed
            | Fault::DiskSlow
            | Fault::RuntimeSlow
            | Fault::RuntimeFails
            | Fault::RuntimeLies
            | Fault::PullFails
            | Fault::ContainerDies
            | Fault::ProbeFails => {}
        }
        self.again(fault);
    }

    pub(super) fn relieve(&mut self, relief: &Relief) {
        match *relief {
            Relief::Member(member) => self.server.member_returns(&mut self.core, member),
            Relief::Reborn(seat) => {
                if !self.seats[seat].is_alive && !self.seats[seat].is_dark {
                    self.birth(seat);
                }
            }
            Relief::Rejoined(seat) => {
                let name = &self.seats[seat].name;
                self.core
                    .line("relief", format_args!("{name} can be reached"));
                self.seats[seat].is_cut = false;
            }
            Relief::DiskFreed => {
                self.core.line("relief", format_args!("the disk has room"));
                self.server.set_full(false);
            }
            Relief::RivalGone(seat) => {
                if self.seats[seat].is_alive {
                    self.death(seat);
                }
            }
            Relief::Repaired(seat) => {
                self.seats[seat].is_dark = false;
                self.birth(seat);
            }
        }
    }

    fn fill_disk(&mut self) {
        self.core.line("trouble", format_args!("the disk is full"));
        self.server.set_full(true);
        let lasts = self.core.faults.lasts(Fault::DiskFull, FULL.0, FULL.1);
        self.core.after(lasts, Event::Relief(Relief::DiskFreed));
    }

    /// One of those who live and are of this role.
    fn one(&mut self, fault: Fault, is_meant: impl Fn(Role) -> bool) -> Option<usize> {
        let alive: Vec<usize> = (0..self.seats.len())
            .filter(|seat| self.seats[*seat].is_alive && is_meant(self.seats[*seat].role))
            .collect();
        self.core.faults.dice(fault).pick(&alive).copied()
    }

    fn kill_one(&mut self) {
        let Some(seat) = self.one(Fault::ActorDies, |role| role != Role::Human) else {
            return;
        };
        self.death(seat);
        if self.seats[seat].role != Role::Rival {
            let away = self.core.faults.lasts(Fault::ActorDies, AWAY.0, AWAY.1);
            self.core.after(away, Event::Relief(Relief::Reborn(seat)));
        }
    }

    fn let_rival_in(&mut self) {
        let rival = self.seats.iter().position(|seat| seat.role == Role::Rival);
        let Some(seat) = rival.filter(|seat| !self.seats[*seat].is_alive) else {
            return;
        };
        self.core
            .line("trouble", format_args!("two leaders overlap"));
        self.birth(seat);
        let lasts = self
            .core
            .faults
            .lasts(Fault::TwoLeaders, OVERLAP.0, OVERLAP.1);
        self.core
            .after(lasts, Event::Relief(Relief::RivalGone(seat)));
    }

    fn jump_a_clock(&mut self) {
        let Some(seat) = self.one(Fault::ClockJumps, |role| role != Role::Human) else {
            return;
        };
        let drawn = self.core.faults.dice(Fault::ClockJumps).below(2 * JUMP + 1);
        let skew = i64::try_from(drawn).unwrap_or(0) - i64::try_from(JUMP).unwrap_or(0);
        self.seats[seat].skew = skew;
        let name = &self.seats[seat].name;
        self.core
            .line("trouble", format_args!("{name}'s clock is {skew} s ahead"));
        // Whoever slept until a moment finds that it is another one.
        self.at_desk(seat, |_, desk| {
            let now = desk.now;
            desk.wake(now);
        });
    }

    fn cut_a_node(&mut self) {
        let Some(seat) = self.one(Fault::NodeCut, |role| role == Role::Node) else {
            return;
        };
        self.cut_off(seat);
        let lasts = self.core.faults.lasts(Fault::NodeCut, CUT.0, CUT.1);
        self.core
            .after(lasts, Event::Relief(Relief::Rejoined(seat)));
    }

    /// Nothing gets from this seat to the server, nor back.
    pub(super) fn cut_off(&mut self, seat: usize) {
        let name = self.seats[seat].name.clone();
        self.core
            .line("trouble", format_args!("{name} cannot be reached"));
        self.seats[seat].is_cut = true;
        self.server.cut(&mut self.core, seat);
    }

    fn cut_the_power(&mut self) {
        let Some(seat) = self.one(Fault::PowerCut, |role| role == Role::Node) else {
            return;
        };
        self.darken(seat);
        let lasts = self.core.faults.lasts(Fault::PowerCut, DARK.0, DARK.1);
        self.core
            .after(lasts, Event::Relief(Relief::Repaired(seat)));
    }

    /// A machine loses power.
    pub(super) fn darken(&mut self, seat: usize) {
        let name = self.seats[seat].name.clone();
        self.core
            .line("trouble", format_args!("{name} loses power"));
        self.at_desk(seat, |actor, desk| actor.power_cut(desk));
        self.death(seat);
        self.seats[seat].is_dark = true;
    }
}
