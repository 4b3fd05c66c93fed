//! What was asked for on the command line.

use std::collections::BTreeSet;
use std::str::FromStr;
use std::time::Duration;

use gantry_base::suggest::nearest;
use gantry_base::time::parse_duration;

use super::case::Case;
use crate::faults::Fault;
use crate::plant::Bug;
use crate::profile::Profile;

/// What there is to ask for.
pub const USAGE: &str = "\
cargo xtask sim [--seeds N]         the worlds 1 to N, in kinds mixed (100 when nothing is said)
cargo xtask sim --minutes M         fresh worlds until the time is over
cargo xtask sim --seed N            one world again, with its timeline
cargo xtask sim --hunt              every planted bug in turn: which law finds it, and when
cargo xtask sim --exhaustive        every crash, late view and lost notice of each controller,
                                    in small worlds (--depth 2: any two of them; --only NAME)
  --from N            the first seed of --seeds or --minutes
  --profile NAME      one kind of world: calm, mild, hard, scale,
                      steady
  --plant NAME        with that bug planted
  --without FAULT     with no such trouble (again for more), or `all` for none
  --nodes, --members, --humans, --applications, --replicas N
                      with so many
  --trouble, --quiet DURATION
                      with trouble, and quiet after it, of that length
  --explain           only the steps that matter to the law that was broken
  --twice             each world twice, which must be the same to the byte
  --shrink            also with --seed: the smallest world that breaks the same law
  --no-shrink         never that
  --fingerprints      of each world only the number that stands for all of it
  --jobs N            on so many cores";

/// Options that stand alone.
const FLAGS: [&str; 8] = [
    "--exhaustive",
    "--fingerprints",
    "--hunt",
    "--explain",
    "--twice",
    "--shrink",
    "--no-shrink",
    "--help",
];
/// Options that are followed by a value.
const VALUES: [&str; 17] = [
    "--depth",
    "--only",
    "--seeds",
    "--seed",
    "--from",
    "--minutes",
    "--profile",
    "--plant",
    "--without",
    "--jobs",
    "--nodes",
    "--members",
    "--humans",
    "--applications",
    "--replicas",
    "--trouble",
    "--quiet",
];
/// What stands for all faults.
pub(super) const ALL: &str = "all";
/// The kinds of worlds that come in turn when none is named.
const MIX: [&str; 5] = ["calm", "mild", "hard", "mild", "hard"];

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Task {
    /// One world, with its timeline.
    Replay(u64),
    /// So many worlds.
    Seeds(u64),
    /// Worlds until the time is over.
    Lasting(Duration),
    /// Every planted bug in turn.
    Hunt,
    /// Every perturbation of each controller in small worlds.
    Exhaustive,
    /// Say what there is to ask for.
    Help,
}

/// An option that is not understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Complaint {
    /// There is no such option.
    #[error("understand {0:?}{1}")]
    Unknown(String, String),
    /// An option needs a value.
    #[error("find a value after {0}")]
    NoValue(String),
    /// A value makes no sense.
    #[error("use {value:?} for {option}{hint}")]
    BadValue {
        /// Of which option.
        option: String,
        /// What was given.
        value: String,
        /// What may have been meant.
        hint: String,
    },
}

/// What was asked for.
#[derive(Clone, Debug)]
pub struct Options {
    /// What is to be done.
    pub task: Task,
    /// The first seed, when one was named.
    pub from: Option<u64>,
    /// Whether only what matters is shown.
    pub explains: bool,
    /// Whether of each world only its number is shown.
    pub only_fingerprints: bool,
    /// Whether each world runs twice.
    pub twice: bool,
    /// Whether failing worlds are made smaller; unless said, all but a single one.
    pub shrinks: Option<bool>,
    /// How many perturbations come together.
    pub depth: usize,
    /// A part of the name of what is explored; empty for everything.
    pub only: String,
    /// On how many cores.
    pub jobs: Option<usize>,
    /// The planted bug.
    pub bug: Option<Bug>,
    profile: Option<Profile>,
    without: BTreeSet<Fault>,
    changes: Vec<Change>,
}

/// One thing about a world that is not as its profile has it.
#[derive(Clone, Copy, Debug)]
enum Change {
    Nodes(usize),
    Members(usize),
    Humans(usize),
    Applications(usize),
    Replicas(u64),
    Trouble(Duration),
    Quiet(Duration),
}

impl Default for Options {
    fn default() -> Self {
        Self {
            task: Task::Seeds(100),
            from: None,
            explains: false,
            only_fingerprints: false,
            twice: false,
            shrinks: None,
            depth: 1,
            only: String::new(),
            jobs: None,
            bug: None,
            profile: None,
            without: BTreeSet::new(),
            changes: Vec::new(),
        }
    }
}

impl Options {
    /// Understands the words of a command line.
    pub fn parse(words: &[String]) -> Result<Self, Complaint> {
        let mut options = Self::default();
        let mut words = words.iter().map(String::as_str);
        while let Some(word) = words.next() {
            let (name, joined) = match word.split_once('=') {
                Some((name, value)) => (name, Some(value)),
                None => (word, None),
            };
            if FLAGS.contains(&name) && joined.is_none() {
                options.flag(name);
            } else if VALUES.contains(&name) {
                let value = joined.or_else(|| words.next());
                let value = value.ok_or_else(|| Complaint::NoValue(name.to_owned()))?;
                options.value(name, value)?;
            } else {
                let known = FLAGS.into_iter().chain(VALUES);
                return Err(Complaint::Unknown(word.to_owned(), hint(name, known)));
            }
        }
        Ok(options)
    }

    fn flag(&mut self, name: &str) {
        match name {
            "--hunt" => self.task = Task::Hunt,
            "--exhaustive" => self.task = Task::Exhaustive,
            "--explain" => self.explains = true,
            "--fingerprints" => self.only_fingerprints = true,
            "--twice" => self.twice = true,
            "--shrink" => self.shrinks = Some(true),
            "--no-shrink" => self.shrinks = Some(false),
            _ => self.task = Task::Help,
        }
    }

    fn value(&mut self, name: &str, value: &str) -> Result<(), Complaint> {
        match name {
            "--seeds" => self.task = Task::Seeds(number(name, value)?),
            "--seed" => self.task = Task::Replay(number(name, value)?),
            "--from" => self.from = Some(number(name, value)?),
            "--minutes" => {
                let minutes: u64 = number(name, value)?;
                self.task = Task::Lasting(Duration::from_secs(minutes.saturating_mul(60)));
            }
            "--profile" => {
                let known = || hint(value, Profile::NAMES);
                let profile = Profile::named(value);
                self.profile = Some(profile.ok_or_else(|| bad(name, value, known()))?);
            }
            "--plant" => {
                let known = || hint(value, Bug::ALL.map(Bug::name));
                let bug = Bug::named(value);
                self.bug = Some(bug.ok_or_else(|| bad(name, value, known()))?);
            }
            "--without" if value == ALL => self.without.extend(Fault::ALL),
            "--without" => {
                let known = || hint(value, Fault::ALL.map(Fault::name));
                let fault = Fault::named(value);
                self.without
                    .insert(fault.ok_or_else(|| bad(name, value, known()))?);
            }
            "--depth" => self.depth = number(name, value)?,
            "--only" => value.clone_into(&mut self.only),
            "--jobs" => self.jobs = Some(number(name, value)?),
            _ => {
                let change = change(name, value)?;
                self.changes.push(change);
            }
        }
        Ok(())
    }

    /// The world of `seed`, as it was asked for.
    #[must_use]
    pub fn case(&self, seed: u64) -> Case {
        let mut profile = self.profile.clone().unwrap_or_else(|| mixed(seed));
        for fault in &self.without {
            profile.rates.remove(fault);
        }
        for change in &self.changes {
            change.apply(&mut profile);
        }
        Case {
            seed,
            profile,
            bug: self.bug,
        }
    }
}

impl Change {
    fn apply(self, profile: &mut Profile) {
        match self {
            Self::Nodes(count) => profile.nodes = count,
            Self::Members(count) => profile.members = count,
            Self::Humans(count) => profile.humans = count,
            Self::Applications(count) => profile.applications = count,
            Self::Replicas(count) => profile.replicas = count,
            Self::Trouble(length) => profile.trouble = length,
            Self::Quiet(length) => profile.quiet = length,
        }
    }
}

fn change(name: &str, value: &str) -> Result<Change, Complaint> {
    Ok(match name {
        "--nodes" => Change::Nodes(number(name, value)?),
        "--members" => Change::Members(number(name, value)?),
        "--humans" => Change::Humans(number(name, value)?),
        "--applications" => Change::Applications(number(name, value)?),
        "--replicas" => Change::Replicas(number(name, value)?),
        "--trouble" => Change::Trouble(length(name, value)?),
        _ => Change::Quiet(length(name, value)?),
    })
}

/// The kind of world that a seed has when none is named.
fn mixed(seed: u64) -> Profile {
    let count = u64::try_from(MIX.len()).unwrap_or(1);
    let at = usize::try_from(seed % count).unwrap_or(0);
    Profile::named(MIX[at]).unwrap_or_else(Profile::mild)
}

fn number<T: FromStr>(name: &str, value: &str) -> Result<T, Complaint> {
    let hint = || ": a number is needed".to_owned();
    value.parse().map_err(|_| bad(name, value, hint()))
}

fn length(name: &str, value: &str) -> Result<Duration, Complaint> {
    let hint = || ": a form such as 30s or 5m is needed".to_owned();
    parse_duration(value).map_err(|_| bad(name, value, hint()))
}

fn bad(option: &str, value: &str, hint: String) -> Complaint {
    Complaint::BadValue {
        option: option.to_owned(),
        value: value.to_owned(),
        hint,
    }
}

/// What may have been meant, or else what there is.
fn hint<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    let known: Vec<&str> = known.into_iter().collect();
    match nearest(word, known.iter().copied()) {
        Some(near) => format!(": is {near} meant?"),
        None => format!(": there are {}", known.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Options, Complaint> {
        let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        Options::parse(&words)
    }

    #[test]
    fn what_is_not_understood_is_refused_with_a_hint() {
        let refused = |line: &str| parse(line).unwrap_err().to_string();
        assert_eq!(
            refused("--sede 7"),
            "understand \"--sede\": is --seed meant?"
        );
        assert_eq!(refused("--seed"), "find a value after --seed");
        assert_eq!(
            refused("--profile=hrad"),
            "use \"hrad\" for --profile: is hard meant?"
        );
        assert_eq!(
            refused("--without rain").split(',').next(),
            Some("use \"rain\" for --without: there are watch-late")
        );
        assert_eq!(
            refused("--nodes many"),
            "use \"many\" for --nodes: a number is needed"
        );
        assert_eq!(refused("--explain=yes").split(':').count(), 2);
    }

    #[test]
    fn the_line_that_replays_a_world_leads_to_the_same_world() {
        let line = "--profile hard --nodes 2 --trouble 90s --without node-cut --without watch-late";
        let case = parse(line).unwrap().case(8123);
        let replay = case.to_string();
        assert_eq!(
            replay,
            "cargo xtask sim --seed 8123 --profile hard --nodes 2 --trouble 1m30s \
             --without watch-late --without node-cut"
        );
        let again = parse(replay.strip_prefix("cargo xtask sim ").unwrap()).unwrap();
        assert_eq!(again.task, Task::Replay(8123));
        assert_eq!(again.case(8123).to_string(), replay);
    }

    #[test]
    fn worlds_of_all_kinds_come_when_none_is_named() {
        let options = parse("--seeds 5").unwrap();
        let kinds: BTreeSet<String> = (1..=5)
            .map(|seed| options.case(seed).profile.name)
            .collect();
        assert_eq!(kinds.len(), 3);
    }
}
