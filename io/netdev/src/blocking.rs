//! Work that the kernel may take its time for, kept off the async threads.
//!
//! A panic in the work goes on in whoever waits for it, as if it had been called directly.

use std::panic::resume_unwind;

/// Runs `work` on a thread for blocking work; none when the runtime is shutting down.
pub(crate) async fn apart<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Option<T> {
    match tokio::task::spawn_blocking(work).await {
        Ok(value) => Some(value),
        Err(error) if error.is_panic() => resume_unwind(error.into_panic()),
        Err(_) => None,
    }
}
