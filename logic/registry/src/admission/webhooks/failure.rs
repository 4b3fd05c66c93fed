//! What becomes of a request when somebody who was asked does not want it, or cannot be asked.

use gantry_api::Rejection;

use super::hooks::Hook;

/// Why a webhook did not let a request pass.
#[derive(Debug)]
pub(super) enum Failure {
    /// It was not asked, or what it said makes no sense; the text says why.
    Call(String),
    /// It said no, or what it did cannot be.
    Refused(Rejection),
}

/// Lets failures of a webhook pass that may be missing; nothing is known of its opinion then.
pub(super) fn weighed<T>(hook: &Hook, result: Result<T, Failure>) -> Result<Option<T>, Rejection> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(Failure::Call(_)) if hook.fails_open() => Ok(None),
        Err(Failure::Call(why)) => Err(Rejection::internal(format!(
            "failed calling webhook {:?}: {why}",
            hook.name()
        ))),
        Err(Failure::Refused(rejection)) => Err(rejection),
    }
}
