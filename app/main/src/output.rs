//! What people read. The only place that writes to the terminal.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "this is the one place that talks to people"
)]

use std::io::IsTerminal;
use std::process::ExitCode;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

/// A line of the answer.
pub(crate) fn line(text: impl AsRef<str>) {
    println!("{}", text.as_ref());
}

/// Something that is not right but does not stop the work.
pub(crate) fn warn(text: impl AsRef<str>) {
    eprintln!("warning: {}", text.as_ref());
}

/// Says what could not be done, and why.
pub(crate) fn fail(what: &str, error: &dyn std::error::Error) -> ExitCode {
    eprintln!("error: could not {what}: {}", gantry_base::chain(error));
    ExitCode::FAILURE
}

/// Says what went wrong, its chain joined once.
pub(crate) fn fail_with(error: &anyhow::Error) -> ExitCode {
    let chain: Vec<String> = error.chain().map(ToString::to_string).collect();
    eprintln!("error: {}", chain.join(": "));
    ExitCode::FAILURE
}

/// Shows what is being done, as long as it takes.
#[derive(Debug)]
pub(crate) struct Progress(ProgressBar);

impl Progress {
    /// Begins to show; where nobody watches, only finished steps are printed.
    pub(crate) fn begin(text: &str) -> Self {
        let bar = if std::io::stderr().is_terminal() {
            ProgressBar::new_spinner()
        } else {
            ProgressBar::hidden()
        };
        let style = ProgressStyle::with_template("{spinner:.cyan} {msg}")
            .unwrap_or_else(|_| ProgressStyle::default_spinner());
        bar.set_style(style);
        bar.set_message(text.to_owned());
        bar.enable_steady_tick(Duration::from_millis(80));
        Self(bar)
    }

    /// Something else is being done now.
    pub(crate) fn now(&self, text: &str) {
        self.0.set_message(text.to_owned());
    }

    /// A step is finished.
    pub(crate) fn done(&self, text: &str) {
        self.0.suspend(|| eprintln!("  {} {text}", mark()));
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

fn mark() -> &'static str {
    if std::io::stderr().is_terminal() {
        "\u{1b}[32m✓\u{1b}[0m"
    } else {
        "✓"
    }
}
