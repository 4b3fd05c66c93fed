//! What probes say of a container, as a state machine: results and time in, verdicts out.
//!
//! Startup gates the others; liveness gives up; readiness only tells. Who asks the container, and
//! how, is the node's affair.

use std::fmt;
use std::time::Duration;

use k8s_openapi::api::core::v1::{Container, Probe};

use gantry_base::Timestamp;
use gantry_base::time::after;

/// Which of a container's probes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Which {
    /// Whether it has started.
    Startup,
    /// Whether it should go on.
    Liveness,
    /// Whether traffic should go there.
    Readiness,
}

impl fmt::Display for Which {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Startup => "startup",
            Self::Liveness => "liveness",
            Self::Readiness => "readiness",
        })
    }
}

/// Whether there is anything to ask a container.
#[must_use]
pub fn is_probed(container: &Container) -> bool {
    let probes = [
        &container.startup_probe,
        &container.liveness_probe,
        &container.readiness_probe,
    ];
    probes.iter().any(|probe| probe.is_some())
}

/// What is known of a running container's health.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Health {
    /// It has started: its hook is through and its startup probe, if any, has succeeded.
    pub started: bool,
    /// It is ready for traffic.
    pub ready: bool,
    /// The probe that has given it up.
    pub gave_up: Option<Which>,
    /// The grace that this probe gives, when it is not the pod's.
    pub grace: Option<Duration>,
}

/// One probe of one container.
#[derive(Clone, Debug)]
struct Course {
    which: Which,
    period: Duration,
    success_threshold: i32,
    failure_threshold: i32,
    grace: Option<Duration>,
    /// The number of equal results in a row; positive for successes.
    row: i32,
    verdict: Option<bool>,
    due_at: Timestamp,
}

/// All probes of one running container.
#[derive(Clone, Debug)]
pub struct Probes {
    courses: Vec<Course>,
    hook_done: bool,
}

impl Probes {
    /// The probes of `container`, which started at `started`. With a hook, nothing is asked before
    /// [`hook_done`](Self::hook_done).
    #[must_use]
    pub fn new(container: &Container, started: Timestamp) -> Self {
        let all = [
            (Which::Startup, container.startup_probe.as_ref()),
            (Which::Liveness, container.liveness_probe.as_ref()),
            (Which::Readiness, container.readiness_probe.as_ref()),
        ];
        let courses = all
            .into_iter()
            .filter_map(|(which, probe)| Some(course(which, probe?, started)));
        let hook = container
            .lifecycle
            .as_ref()
            .is_some_and(|lifecycle| lifecycle.post_start.is_some());
        Self {
            courses: courses.collect(),
            hook_done: !hook,
        }
    }

    /// The probes of a container that ran before this agent did: what was last said of it holds
    /// until a probe says something else.
    #[must_use]
    pub fn resumed(container: &Container, now: Timestamp, (started, ready): (bool, bool)) -> Self {
        let mut probes = Self::new(container, now);
        probes.hook_done = true;
        for course in &mut probes.courses {
            let known = match course.which {
                Which::Startup => started,
                Which::Readiness => ready,
                Which::Liveness => false,
            };
            course.verdict = known.then_some(true);
            if started {
                course.due_at = after(now, course.period);
            }
        }
        probes
    }

    /// Notes that the hook after the start is through.
    pub const fn hook_done(&mut self) {
        self.hook_done = true;
    }

    /// The probes that are due, and the moment at which the next will be.
    #[must_use]
    pub fn due(&self, now: Timestamp) -> (Vec<Which>, Option<Timestamp>) {
        let open: Vec<&Course> = self
            .courses
            .iter()
            .filter(|course| self.is_open(course))
            .collect();
        let due = open
            .iter()
            .filter(|course| course.due_at <= now)
            .map(|course| course.which)
            .collect();
        let next = open
            .iter()
            .map(|course| course.due_at)
            .filter(|due_at| *due_at > now)
            .min();
        (due, next)
    }

    /// Whether the probe is asked at all at the moment.
    fn is_open(&self, course: &Course) -> bool {
        let startup_passed = self.started();
        let is_startup = course.which == Which::Startup;
        self.hook_done
            && if is_startup {
                course.verdict != Some(true)
            } else {
                startup_passed
            }
    }

    /// Takes a result. Answers whether the verdict on the container changed.
    pub fn result(&mut self, which: Which, success: bool, now: Timestamp) -> bool {
        let before = self.health();
        if let Some(course) = self.courses.iter_mut().find(|course| course.which == which) {
            course.take(success, now);
        }
        self.health() != before
    }

    /// Notes that a probe was begun, so that it is not begun again before its period is over.
    pub fn begun(&mut self, which: Which, now: Timestamp) {
        if let Some(course) = self.courses.iter_mut().find(|course| course.which == which) {
            course.due_at = after(now, course.period);
        }
    }

    fn started(&self) -> bool {
        let startup = self
            .courses
            .iter()
            .find(|course| course.which == Which::Startup);
        self.hook_done && startup.is_none_or(|course| course.verdict == Some(true))
    }

    /// The verdict of all probes together.
    #[must_use]
    pub fn health(&self) -> Health {
        let failed =
            |course: &&Course| course.verdict == Some(false) && course.which != Which::Readiness;
        let readiness = self
            .courses
            .iter()
            .find(|course| course.which == Which::Readiness);
        let started = self.started();
        let gave_up = self.courses.iter().find(failed);
        Health {
            started,
            ready: started && readiness.is_none_or(|course| course.verdict == Some(true)),
            gave_up: gave_up.map(|course| course.which),
            grace: gave_up.and_then(|course| course.grace),
        }
    }
}

fn course(which: Which, probe: &Probe, started: Timestamp) -> Course {
    let seconds = |count: Option<i32>| {
        Duration::from_secs(
            count
                .and_then(|count| u64::try_from(count).ok())
                .unwrap_or(0),
        )
    };
    let grace = probe
        .termination_grace_period_seconds
        .and_then(|count| u64::try_from(count).ok());
    Course {
        which,
        period: seconds(probe.period_seconds).max(Duration::from_secs(1)),
        success_threshold: probe.success_threshold.unwrap_or(1).max(1),
        failure_threshold: probe.failure_threshold.unwrap_or(3).max(1),
        grace: grace.map(Duration::from_secs),
        row: 0,
        verdict: None,
        due_at: after(started, seconds(probe.initial_delay_seconds)),
    }
}

impl Course {
    fn take(&mut self, success: bool, now: Timestamp) {
        self.row = match (success, self.row > 0) {
            (true, true) => self.row.saturating_add(1),
            (true, false) => 1,
            (false, false) => self.row.saturating_sub(1),
            (false, true) => -1,
        };
        if self.row >= self.success_threshold {
            self.verdict = Some(true);
        } else if self.row <= -self.failure_threshold {
            self.verdict = Some(false);
        }
        self.due_at = after(now, self.period);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(seconds).unwrap()
    }

    fn probes(container: Value) -> Probes {
        Probes::new(&serde_json::from_value(container).unwrap(), at(0))
    }

    #[test]
    fn nothing_else_is_asked_before_the_startup_probe_succeeded() {
        let probe = json!({"periodSeconds": 1, "failureThreshold": 2});
        let mut probes =
            probes(json!({"name": "c", "startupProbe": probe, "livenessProbe": probe}));
        assert_eq!(probes.due(at(0)).0, [Which::Startup]);
        assert!(!probes.health().started);
        assert!(probes.result(Which::Startup, true, at(1)));
        assert_eq!(probes.due(at(5)).0, [Which::Liveness]);
    }

    #[test]
    fn liveness_gives_up_only_after_its_threshold() {
        let mut probes = probes(
            json!({"name": "c", "livenessProbe": {"periodSeconds": 5, "failureThreshold": 2}}),
        );
        assert!(!probes.result(Which::Liveness, false, at(0)));
        assert_eq!(probes.due(at(1)), (vec![], Some(at(5))));
        assert!(probes.result(Which::Liveness, false, at(5)));
        assert_eq!(probes.health().gave_up, Some(Which::Liveness));
    }

    #[test]
    fn a_container_without_probes_is_ready_when_its_hook_is_through() {
        let hook = json!({"postStart": {"sleep": {"seconds": 1}}});
        let mut probes = probes(json!({"name": "c", "lifecycle": hook}));
        assert!(!probes.health().ready);
        probes.hook_done();
        assert!(probes.health().ready);
    }
}
