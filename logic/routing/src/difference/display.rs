//! Changes as text, for logs and tests: a line per change, removals first.

use std::fmt::{self, Display};

use super::{Changes, Edit, Shape, Slot, Verdict};

impl Display for Changes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        lines(f, &self.verdicts, |(frontend, verdict)| {
            format!("{frontend} {verdict}")
        })?;
        lines(f, &self.slots, Slot::to_string)?;
        lines(f, &self.kept, |kept| {
            format!("keep {} {}", kept.frontend, kept.endpoint)
        })?;
        lines(f, &self.seats, |seat| {
            format!("seat {} #{}", seat.frontend, seat.number)
        })?;
        lines(f, &self.local, |address| format!("local {address}"))?;
        lines(f, &self.nodes, |address| format!("node {address}"))?;
        lines(f, &self.shapes, |shape| format!("rules for {shape}"))?;
        for frontend in self.stale.keys() {
            writeln!(f, "! stale {frontend}")?;
        }
        Ok(())
    }
}

fn lines<T>(
    f: &mut fmt::Formatter<'_>,
    edit: &Edit<T>,
    text: impl Fn(&T) -> String,
) -> fmt::Result {
    edit.removed
        .iter()
        .try_for_each(|removed| writeln!(f, "- {}", text(removed)))?;
    edit.added
        .iter()
        .try_for_each(|added| writeln!(f, "+ {}", text(added)))
}

impl Display for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} #{} {}", self.frontend, self.number, self.endpoint)
    }
}

impl Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Balance(shape) => shape.fmt(f),
            Self::Drop => f.write_str("drop"),
            Self::Reject => f.write_str("reject"),
        }
    }
}

/// Also the name of the chain that holds the rules, so it has no spaces.
impl Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = if self.any_address { "port" } else { "address" };
        write!(f, "{place}-{}-of-{}", self.masquerade, self.slots)?;
        match self.affinity {
            Some(seconds) => write!(f, "-sticky-{seconds}"),
            None => Ok(()),
        }
    }
}
