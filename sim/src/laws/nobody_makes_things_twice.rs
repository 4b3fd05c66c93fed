//! Where nothing goes wrong, no part of the system tries to make what it has made already: it waits
//! until it sees its own writes.

use std::collections::BTreeSet;

use gantry_api::Rejection;
use gantry_registry::request::Verb;

use super::{Broken, Sight, Verdict};
use crate::actor::Address;
use crate::fact::Fact;

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Law {
    /// The creations that wait for an answer.
    asked: BTreeSet<Address>,
}

impl super::Law for Law {
    fn name(&self) -> &'static str {
        "nobody makes things twice"
    }

    fn fact(&mut self, fact: &Fact, sight: &Sight<'_>) -> Verdict {
        if !sight.is_calm {
            return Ok(());
        }
        if let Fact::Asked {
            by,
            caller,
            verb: Verb::Create,
            key,
            subresource,
            ..
        } = fact
            && caller.starts_with("system:")
            && subresource.is_empty()
            && key.resource.resource != "events"
        {
            self.asked.insert(*by);
        }
        if let Fact::Answered { by, refusal, .. } = fact
            && self.asked.remove(by)
            && let Some(refusal @ Rejection::AlreadyExists { .. }) = refusal.as_deref()
        {
            return Err(Broken::new("a creation", refusal.to_string()));
        }
        Ok(())
    }
}
