//! Waiting for facts, with a deadline. A wait that ends in vain says what it saw last.

use std::time::{Duration, Instant};

use anyhow::{Result, bail};

/// Time enough for anything a cluster does on a busy machine.
const SOON: Duration = Duration::from_secs(60);
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// Looks until `fact` gives a value; an error means "not yet", and the last one is told.
pub(crate) fn until<T>(what: &str, fact: impl FnMut() -> Result<T>) -> Result<T> {
    within(SOON, what, fact)
}

/// Like [`until`], with a deadline of its own.
pub(crate) fn within<T>(
    patience: Duration,
    what: &str,
    mut fact: impl FnMut() -> Result<T>,
) -> Result<T> {
    let started = Instant::now();
    loop {
        match fact() {
            Ok(value) => return Ok(value),
            Err(error) if patience < started.elapsed() => {
                bail!("see that {what} within {patience:?}: {error:#}")
            }
            Err(_) => std::thread::sleep(LOOK_AGAIN),
        }
    }
}
