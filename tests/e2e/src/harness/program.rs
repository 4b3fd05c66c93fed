//! Other programs, each with a deadline. Output goes to files, so that a grandchild that keeps it
//! open holds nobody up.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{Read, Seek, Write};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use gantry_base::ignore;

/// How long a program may take that says nothing else.
const PATIENCE: Duration = Duration::from_secs(120);
const LOOK_AGAIN: Duration = Duration::from_millis(5);

/// A command line with what it reads.
#[derive(Debug)]
pub(crate) struct Program {
    command: Command,
    text: String,
    input: Vec<u8>,
    patience: Duration,
}

/// What a program said and how it ended.
#[derive(Debug)]
pub(crate) struct Said {
    text: String,
    pub(crate) status: ExitStatus,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// A program that runs beside the test and ends with the value.
#[derive(Debug)]
pub(crate) struct Background {
    child: Child,
    output: File,
}

impl Program {
    /// A program at a path, or one that is found like any other.
    pub(crate) fn new(program: impl AsRef<OsStr>) -> Self {
        let program = program.as_ref();
        let name = Path::new(program).file_name().unwrap_or(program);
        Self {
            command: Command::new(program),
            text: name.to_string_lossy().into_owned(),
            input: Vec::new(),
            patience: PATIENCE,
        }
    }

    /// Adds arguments that are separated by blanks.
    pub(crate) fn words(self, words: &str) -> Self {
        words.split_whitespace().fold(self, Self::arg)
    }

    /// Adds one argument as it is.
    pub(crate) fn arg(mut self, argument: impl AsRef<OsStr>) -> Self {
        self.text += &format!(" {}", argument.as_ref().to_string_lossy());
        self.command.arg(argument);
        self
    }

    /// Sets a variable.
    pub(crate) fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    /// Gives it something to read.
    pub(crate) fn input(mut self, input: impl Into<Vec<u8>>) -> Self {
        self.input = input.into();
        self
    }

    /// Gives it more or less time than usual.
    pub(crate) fn patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// Runs it to its end.
    pub(crate) fn run(mut self) -> Result<Said> {
        let (mut stdout, mut stderr) = (tempfile::tempfile()?, tempfile::tempfile()?);
        let (stdout_copy, stderr_copy) = (stdout.try_clone()?, stderr.try_clone()?);
        let mut child = self.spawn(stdout_copy, stderr_copy)?;
        let started = Instant::now();
        let status = loop {
            if let Some(status) = child.try_wait()? {
                break status;
            }
            if self.patience < started.elapsed() {
                child.kill()?;
                child.wait()?;
                let said = read(&mut stdout)? + &read(&mut stderr)?;
                bail!(
                    "see the end of `{}` within {:?}; it said: {said}",
                    self.text,
                    self.patience
                );
            }
            std::thread::sleep(LOOK_AGAIN);
        };
        let (stdout, stderr) = (read(&mut stdout)?, read(&mut stderr)?);
        Ok(Said {
            text: self.text,
            status,
            stdout,
            stderr,
        })
    }

    /// Runs it beside the test.
    pub(crate) fn start(mut self) -> Result<Background> {
        let output = tempfile::tempfile()?;
        let (stdout, stderr) = (output.try_clone()?, output.try_clone()?);
        let child = self.spawn(stdout, stderr)?;
        Ok(Background { child, output })
    }

    fn spawn(&mut self, stdout: File, stderr: File) -> Result<Child> {
        let mut input = tempfile::tempfile()?;
        input.write_all(&self.input)?;
        input.rewind()?;
        self.command
            .stdin(Stdio::from(input))
            .stdout(stdout)
            .stderr(stderr);
        self.command
            .spawn()
            .with_context(|| format!("start `{}`", self.text))
    }
}

impl Said {
    /// What it printed, if it ended well.
    pub(crate) fn ok(self) -> Result<String> {
        let Self {
            text,
            status,
            stdout,
            stderr,
        } = self;
        ensure!(status.success(), "run `{text}`: {status}: {stdout}{stderr}");
        Ok(stdout)
    }

    /// What it complained about, if it did not end well.
    pub(crate) fn refused(self) -> Result<String> {
        let Self {
            text,
            status,
            stdout,
            stderr,
        } = self;
        ensure!(
            !status.success(),
            "see `{text}` refused: it ended well: {stdout}{stderr}"
        );
        Ok(stderr + &stdout)
    }

    /// Its exit code, or nothing if a signal ended it.
    pub(crate) fn code(&self) -> Option<i32> {
        self.status.code()
    }
}

impl Background {
    /// All it has said so far, from both its outputs.
    pub(crate) fn said(&mut self) -> Result<String> {
        read(&mut self.output)
    }

    /// Its process.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// How it ended, if it has.
    pub(crate) fn ended(&mut self) -> Result<Option<ExitStatus>> {
        Ok(self.child.try_wait()?)
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        ignore(self.child.kill(), "it may have ended by itself");
        ignore(self.child.wait(), "it may have been waited for");
    }
}

/// A file that is written by others at its end is read by us from its beginning.
fn read(file: &mut File) -> Result<String> {
    use std::os::unix::fs::FileExt as _;
    let length = usize::try_from(file.metadata()?.len()).context("hold the output")?;
    let mut bytes = vec![0; length];
    file.read_exact_at(&mut bytes, 0)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// Reads a whole file of the system, such as one below `/proc`, whose length is not known before.
pub(crate) fn contents(path: &Path) -> Option<String> {
    let mut text = Vec::new();
    File::open(path).ok()?.read_to_end(&mut text).ok()?;
    Some(String::from_utf8_lossy(&text).into_owned())
}
