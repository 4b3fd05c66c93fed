//! Makes true what the client declares: server-side apply.
//!
//! Fields are merged by ownership, on what the caller sent, before anything is filled in.

use gantry_api::Rejection;

use crate::call::Call;
use crate::decode;
use crate::managers::{self, Writer};
use crate::metadata;
use crate::step::Step;
use crate::verbs::create;
use crate::verbs::update::{self, Part};

/// Merges the body into the object, or makes the object when there is none.
pub(crate) fn apply(call: &mut Call<'_>, part: Part) -> Result<Step, Rejection> {
    let mut config = decode::object(call)?;
    metadata::address(call, &mut config)?;
    match call.stored() {
        Ok(stored) => {
            let old = call.read(stored)?;
            let merged = managers::merged(call, Some(&old), config, part)?;
            update::replace(call, stored, &old, merged, (part, Writer::Applied))
        }
        Err(missing) if part != Part::Main => Err(missing),
        Err(_) => {
            call.require_create()?;
            metadata::check_absence(call, &config)?;
            let merged = managers::merged(call, None, config, part)?;
            create::create_object(call, merged, Writer::Applied)
        }
    }
}
