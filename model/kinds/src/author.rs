//! Who writes an object, and when: what some kinds note in their objects.

use gantry_api::Caller;
use gantry_base::Timestamp;

/// Who writes an object, and when.
#[derive(Clone, Copy, Debug)]
pub struct Author<'a> {
    /// Who.
    pub caller: &'a Caller,
    /// When.
    pub now: Timestamp,
}
