//! Stories: behaviour across components, told in commands and in what a person then sees.
//!
//! A story is a text. Below a command, after a line of four dashes, stands what it prints, up to
//! the next empty line. To check a story is to tell it again: it must come out the same.

mod manifests;
mod names;
mod phrase;
mod query;
mod stage;
#[cfg(test)]
mod tests;

use crate::laws::Violation;
use phrase::Phrase;
use stage::Stage;

/// What stands between a command and what it prints.
const RULE: &str = "----";

/// A story that cannot be told.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("tell line {line}: {what}")]
pub struct Mistake {
    /// The line, counted from one.
    pub line: usize,
    /// What is wrong with it.
    pub what: String,
}

/// Why a command did nothing that could be shown.
#[derive(Debug)]
enum Trouble {
    /// It is not understood.
    Mistaken(String),
    /// A law was broken while it went on.
    Broken(Box<Violation>),
}

impl From<Violation> for Trouble {
    fn from(violation: Violation) -> Self {
        Self::Broken(Box::new(violation))
    }
}

impl From<String> for Trouble {
    fn from(what: String) -> Self {
        Self::Mistaken(what)
    }
}

/// Tells the story again, with what is seen today.
pub fn retell(story: &str) -> Result<String, Mistake> {
    let mut stage = None;
    let mut told = String::new();
    let (mut is_output, mut has_output) = (false, false);
    for (number, line) in story.lines().enumerate() {
        if line.trim().is_empty() {
            is_output = false;
        } else if line == RULE {
            is_output = true;
        }
        if is_output {
            continue;
        }
        if has_output && !line.trim().is_empty() {
            told.push('\n');
        }
        has_output = false;
        told += line.trim_end();
        told.push('\n');
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let output = perform(&mut stage, line);
        let output = output.map_err(|what| Mistake {
            line: number + 1,
            what,
        })?;
        write(&mut told, &output);
        has_output = !output.is_empty();
    }
    Ok(told)
}

fn write(told: &mut String, output: &str) {
    if output.is_empty() {
        return;
    }
    *told += RULE;
    told.push('\n');
    for line in output.lines() {
        // An empty line would end the output when the story is read.
        let line = line.trim_end();
        *told += if line.is_empty() { "." } else { line };
        told.push('\n');
    }
}

/// Carries out one command; what it prints.
fn perform(stage: &mut Option<Stage>, line: &str) -> Result<String, String> {
    let phrase = Phrase::of(line);
    let done = match stage {
        None if phrase.verb == "cluster" => {
            *stage = Some(Stage::new(&phrase)?);
            return Ok(String::new());
        }
        None => return Err("the first command is `cluster`".to_owned()),
        Some(stage) => stage.perform(&phrase),
    };
    match done {
        Ok(output) => Ok(output),
        Err(Trouble::Mistaken(what)) => Err(what),
        Err(Trouble::Broken(violation)) => Ok(violation.to_string()),
    }
}
