//! What the writer of an object is told when nothing in this server acts on it yet.

/// That this server does not `act` yet, so that the object of this `kind` has no effect.
#[must_use]
pub fn warning(act: &str, kind: &str) -> String {
    format!("this server does not {act} yet: the {kind} is stored and has no effect")
}
