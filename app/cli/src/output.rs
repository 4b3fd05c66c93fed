//! The one writer: everything a command says goes through here.

use std::io::{self, BufWriter, Write};
use std::sync::{Mutex, MutexGuard, PoisonError};

use gantry_base::ignore;

use crate::failure::Failure;

/// Where results and remarks go.
pub(crate) struct Output {
    results: Mutex<Box<dyn Write + Send>>,
}

impl std::fmt::Debug for Output {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Output").finish_non_exhaustive()
    }
}

impl Output {
    /// The process's own streams.
    pub(crate) fn stdout() -> Self {
        Self {
            results: Mutex::new(Box::new(BufWriter::new(io::stdout()))),
        }
    }

    /// One line of a result.
    pub(crate) fn line(&self, text: impl AsRef<str>) -> Result<(), Failure> {
        let mut results = self.lock();
        results.write_all(text.as_ref().as_bytes())?;
        Ok(results.write_all(b"\n")?)
    }

    /// Part of a result, as it is.
    pub(crate) fn write(&self, content: impl AsRef<[u8]>) -> Result<(), Failure> {
        Ok(self.lock().write_all(content.as_ref())?)
    }

    /// Shows what has been written so far.
    pub(crate) fn flush(&self) -> Result<(), Failure> {
        Ok(self.lock().flush()?)
    }

    /// A remark, beside the results.
    pub(crate) fn remark(&self, text: impl AsRef<str>) {
        let reason = "there is nowhere left to say that remarks cannot be written";
        ignore(self.lock().flush(), reason);
        let line = format!("{}\n", text.as_ref().trim_end_matches('\n'));
        ignore(io::stderr().write_all(line.as_bytes()), reason);
    }

    /// A warning, beside the results.
    pub(crate) fn warning(&self, text: impl AsRef<str>) {
        self.remark(format!("Warning: {}", text.as_ref()));
    }

    fn lock(&self) -> MutexGuard<'_, Box<dyn Write + Send>> {
        self.results.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
