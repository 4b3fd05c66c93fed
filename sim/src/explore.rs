//! Everything that can go wrong once or twice, tried.
//!
//! For each controller there are small worlds with a story. Their first telling goes undisturbed;
//! then the story is told again with every death, lost answer, rival's write, late view and skipped
//! event at every point where there could be one, and with pairs of them. It has to come to rest in
//! the same state each time. Nothing here is drawn: the same code tries the same things.

mod blow;
mod ground;
mod looped;
mod nodes;
mod picture;
mod process;
mod run;
mod script;
mod sender;
#[cfg(test)]
mod tests;
mod worlds;

use std::fmt;

use gantry_base::Timestamp;

use blow::{Blow, Strike};
use ground::Ground;
use picture::Picture;
use run::{Ending, Run};
use script::World;

/// How many tellings with two strikes one world gets; beyond that they are thinned out evenly.
const PAIRS: usize = 3_000;

/// What became of one world's story.
#[derive(Clone, Debug)]
pub struct Explored {
    /// The controller that trouble struck.
    pub controller: &'static str,
    /// What the story is called.
    pub world: &'static str,
    /// The points of the undisturbed story where something can go wrong.
    pub points: usize,
    /// How often the story was told.
    pub runs: usize,
    /// How many pairs of strikes were left out, because there were too many.
    pub cut: usize,
    /// Tellings that ended elsewhere, or not at all.
    pub unsettled: Vec<Finding>,
    /// Tellings with a skipped event that only a look at everything brought to the same end.
    pub needs_pass: Vec<Finding>,
}

/// A telling that ended elsewhere.
#[derive(Clone, Debug)]
pub struct Finding {
    /// What went wrong, in words.
    pub strikes: Vec<String>,
    /// How the end differs.
    pub differs: Vec<String>,
    /// Whether a look at everything brings it to the right end.
    pub heals_by_pass: bool,
    /// What the controller did.
    pub story: Vec<String>,
}

/// Explores all worlds to `depth` strikes, and tells of each when it is done.
pub fn explore(depth: usize, progress: impl FnMut(&Explored)) -> Vec<Explored> {
    explore_only(depth, "", progress)
}

/// Explores the worlds whose `controller/world` contains `part`.
pub fn explore_only(
    depth: usize,
    part: &str,
    mut progress: impl FnMut(&Explored),
) -> Vec<Explored> {
    let ground = settled_ground();
    let mut all = Vec::new();
    for world in worlds::all() {
        if format!("{}/{}", world.controller, world.name).contains(part) {
            let explored = Search::new(&world, &ground).run(depth);
            progress(&explored);
            all.push(explored);
        }
    }
    all
}

/// When all small worlds begin.
fn beginning() -> Timestamp {
    "2030-01-01T00:00:00Z"
        .parse()
        .expect("the literal is a moment")
}

/// The ground on which nothing is left to do for those who furnish namespaces.
fn settled_ground() -> Ground {
    let mut ground = Ground::new(beginning());
    for request in script::node(0) {
        script::ask(&mut ground, request);
    }
    let world = worlds::furnishing();
    let subject = [world.controller];
    Run::new(&world, &subject, &ground, &[]).settle()
}

/// The search through one world.
struct Search<'w> {
    world: &'w World,
    ground: &'w Ground,
    subject: [&'static str; 1],
    explored: Explored,
}

impl<'w> Search<'w> {
    fn new(world: &'w World, ground: &'w Ground) -> Self {
        Self {
            world,
            ground,
            subject: [world.controller],
            explored: Explored {
                controller: world.controller,
                world: world.name,
                points: 0,
                runs: 0,
                cut: 0,
                unsettled: Vec::new(),
                needs_pass: Vec::new(),
            },
        }
    }

    fn run(mut self, depth: usize) -> Explored {
        let calm = self.tell(&[], false);
        self.explored.points = calm.points;
        if let Some(why) = &calm.restless {
            self.explored.unsettled.push(Finding {
                strikes: Vec::new(),
                differs: vec![why.clone()],
                heals_by_pass: false,
                story: calm.lines,
            });
            return self.explored;
        }
        let mut pairs = Vec::new();
        if depth > 0 {
            for strike in calm.chances {
                let first = [strike];
                if let Some(ending) = self.judge(&first, &calm.picture) {
                    let [first] = first;
                    let later = ending.chances.into_iter();
                    let later = later.filter(|second| second.at > first.at);
                    pairs.extend(later.map(|second| [first.clone(), second]));
                }
            }
        }
        if depth > 1 {
            self.judge_pairs(&pairs, &calm.picture);
        }
        self.explored
    }

    /// Tells as many pairs as there is room for, evenly chosen.
    fn judge_pairs(&mut self, pairs: &[[Strike; 2]], calm: &Picture) {
        let stride = pairs.len().div_ceil(PAIRS).max(1);
        for pair in pairs.iter().step_by(stride) {
            self.judge(pair, calm);
        }
        self.explored.cut = pairs.len() - pairs.len().div_ceil(stride);
    }

    /// Tells the story with these strikes; the ending, if it is the right one.
    fn judge(&mut self, strikes: &[Strike], calm: &Picture) -> Option<Ending> {
        let ending = self.tell(strikes, false);
        let differs = differences(&ending, calm);
        if differs.is_empty() {
            return Some(ending);
        }
        let healed = self.tell(strikes, true);
        let finding = Finding {
            strikes: strikes.iter().map(ToString::to_string).collect(),
            differs,
            heals_by_pass: differences(&healed, calm).is_empty(),
            story: ending.lines,
        };
        let skips = strikes
            .iter()
            .any(|strike| matches!(strike.blow, Blow::Skip(_)));
        if skips && finding.heals_by_pass {
            self.explored.needs_pass.push(finding);
        } else {
            self.explored.unsettled.push(finding);
        }
        None
    }

    fn tell(&mut self, strikes: &[Strike], passes: bool) -> Ending {
        self.explored.runs += 1;
        Run::new(self.world, &self.subject, self.ground, strikes).tell(passes)
    }
}

fn differences(ending: &Ending, calm: &Picture) -> Vec<String> {
    let differs = calm.against(&ending.picture).into_iter();
    differs.chain(ending.restless.clone()).collect()
}

impl fmt::Display for Explored {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            controller,
            world,
            points,
            runs,
            cut,
            unsettled,
            needs_pass,
        } = self;
        write!(
            f,
            "{controller}/{world}: {points} points, told {runs} times ({cut} pairs left out), \
             {} ended elsewhere, {} need a look at everything",
            unsettled.len(),
            needs_pass.len()
        )
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            strikes,
            differs,
            heals_by_pass,
            story,
        } = self;
        writeln!(f, "{}", strikes.join("; then "))?;
        for line in differs {
            writeln!(f, "    {line}")?;
        }
        let heals = if *heals_by_pass {
            "heals"
        } else {
            "does not heal"
        };
        writeln!(f, "    a look at everything {heals} it")?;
        for line in story {
            writeln!(f, "        {line}")?;
        }
        Ok(())
    }
}
