//! What the writer of a configuration is told when nothing in this server acts on it yet.

/// That this server does not `act` yet, so that the `what` that was written has no effect.
#[must_use]
pub fn warning(act: &str, what: &str) -> Vec<String> {
    vec![format!(
        "this server does not {act} yet: the {what} is stored and has no effect"
    )]
}
