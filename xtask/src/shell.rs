//! Runs other programs in the workspace, loudly: what is run is shown, and a failure names it.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result, ensure};

use crate::workspace;

/// One command line to run in the root of the workspace.
#[derive(Debug)]
pub(crate) struct Line {
    command: Command,
    text: String,
}

impl Line {
    /// The cargo that runs us, so that one toolchain does everything.
    pub(crate) fn cargo(arguments: &str) -> Self {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        Self::program(Path::new(&cargo), "cargo", arguments)
    }

    /// A program that is found like any other.
    pub(crate) fn new(program: &str, arguments: &str) -> Self {
        Self::program(Path::new(program), program, arguments)
    }

    /// A program at a path; its arguments are separated by blanks.
    pub(crate) fn program(path: &Path, name: &str, arguments: &str) -> Self {
        let mut command = Command::new(path);
        command
            .args(arguments.split_whitespace())
            .current_dir(workspace::root());
        let text = format!("{name} {arguments}").trim_end().to_owned();
        Self { command, text }
    }

    /// Adds one argument as it is.
    pub(crate) fn arg(mut self, argument: &Path) -> Self {
        self.command.arg(argument);
        self.text += &format!(" {}", argument.display());
        self
    }

    /// Sets a variable for the program.
    pub(crate) fn env(mut self, name: &str, value: &str) -> Self {
        self.command.env(name, value);
        self
    }

    /// Runs it and waits; its output goes where ours goes. Ends with the time it took.
    pub(crate) fn run(self) -> Result<()> {
        let start = Instant::now();
        self.run_last()?;
        println!("--- {} s", start.elapsed().as_secs());
        Ok(())
    }

    /// Like [`Line::run`], but the last word is the program's.
    pub(crate) fn run_last(mut self) -> Result<()> {
        println!("--- {}", self.text);
        let status = self.command.status();
        let status = status.with_context(|| format!("start `{}`", self.text))?;
        ensure!(
            status.success(),
            "pass `{}`: it ended with {status}",
            self.text
        );
        Ok(())
    }

    /// Runs it and takes what it prints.
    pub(crate) fn output(mut self) -> Result<String> {
        let output = self.command.output();
        let output = output.with_context(|| format!("start `{}`", self.text))?;
        ensure!(
            output.status.success(),
            "run `{}`: it ended with {}\n{}{}",
            self.text,
            output.status,
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8(output.stdout).context("read its output as text")
    }
}

/// Where a program is, if it is installed. Administrators' directories are searched too: a user's
/// path often lacks them.
pub(crate) fn find(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain(["/usr/sbin".into(), "/sbin".into()])
        .map(|directory| directory.join(program))
        .find(|file| file.is_file())
}
